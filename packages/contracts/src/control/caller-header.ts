/**
 * The header in which the panel's server sends back the caller stamp that edge-api added to the user's
 * request. Edge-api removes the header from requests of external callers.
 */
export const CALLER_HEADER = 'x-sluice-caller'
