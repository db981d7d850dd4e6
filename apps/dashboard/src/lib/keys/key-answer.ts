/** What the form's action returns for a created or changed key. */
export interface KeyAnswer {
  name: string
  /** The secret of a new key; it is shown once. */
  apiKey: string | null
}

/** The typed result of the action; SvelteKit passes it untyped. */
export const asKeyAnswer = (answer: unknown) => answer as KeyAnswer
