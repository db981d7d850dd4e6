/**
 * The length of a new password, everywhere one is set. In a file of its own, because the panel's pages show it and
 * must not load zod.
 */
export const PASSWORD_CHARACTERS_MIN = 10
export const PASSWORD_CHARACTERS_MAX = 200
