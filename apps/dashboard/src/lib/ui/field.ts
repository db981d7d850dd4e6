import { createContext } from 'svelte'

/** What a field tells the control inside it. Read through getters, so that it stays live. */
export type FieldWiring = {
  readonly id: string
  readonly labelId: string
  readonly describedBy: string | undefined
  readonly invalid: 'true' | undefined
  readonly required: boolean
}

const [readField, setField] = createContext<FieldWiring>()

export { setField }

/** The field around this control, or undefined for a control that stands alone. */
export function useField(): FieldWiring | undefined {
  try {
    return readField()
  } catch {
    // Svelte throws where no field was set above.
    return undefined
  }
}
