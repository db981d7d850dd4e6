/** Repeated here, because the contract would import zod into the browser; a test compares the two. */
export const PASSWORD_CHARACTERS_MIN = 10
