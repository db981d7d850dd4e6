import { createContext } from 'svelte'

/** The context that a field provides to its control. Getters keep it reactive. */
export type FieldWiring = {
  readonly id: string
  readonly labelId: string
  readonly describedBy: string | undefined
  readonly invalid: 'true' | undefined
  readonly required: boolean
}

const [readField, setField] = createContext<FieldWiring>()

export { setField }

/** The field around this control, or undefined. */
export function useField(): FieldWiring | undefined {
  try {
    return readField()
  } catch {
    // Svelte throws if no field is set above.
    return undefined
  }
}
