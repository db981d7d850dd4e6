/** What the form's action tells of an account that it made. */
export interface NewUserAnswer {
  email: string
  /** Only when the gateway made it: shown now and never again. */
  password: string | null
}

/** The action's answer; SvelteKit carries it without its type. */
export const asNewUserAnswer = (answer: unknown) => answer as NewUserAnswer
