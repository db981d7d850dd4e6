/**
 * Where a page's server says for whom it asks: the stamp that the door gave it with the person's request. The
 * door writes it itself and takes none from outside.
 */
export const CALLER_HEADER = 'x-sluice-caller'
