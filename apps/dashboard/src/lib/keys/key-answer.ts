/** What the form's action tells of a key that it made or changed. */
export interface KeyAnswer {
  name: string
  /** The key itself, of a new one: shown now and never again. */
  apiKey: string | null
}

/** The action's answer; SvelteKit carries it without its type. */
export const asKeyAnswer = (answer: unknown) => answer as KeyAnswer
