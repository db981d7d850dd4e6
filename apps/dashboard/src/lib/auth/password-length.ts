/** As in the contract, whose file carries zod and stays out of the browser; a test compares the two. */
export const PASSWORD_CHARACTERS_MIN = 10
