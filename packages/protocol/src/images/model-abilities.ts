import type { ImageQuality } from '@sluice/contracts/image-request'

export interface ModelAbilities {
  /** `any` follows the general rules of `readSize`; `three` offers the three standard sizes only. */
  sizes: 'any' | 'three'
  qualities: readonly ImageQuality[]
  /** Values of `input_fidelity` that the model supports; others are dropped, not refused. */
  inputFidelity: readonly ('high' | 'low')[]
}

const THREE_STEPS = ['low', 'medium', 'high'] as const
const FIVE_STEPS = ['low', 'medium', 'high', 'xhigh', 'max'] as const

// From the parameter notes of openai 7.55 (`resources/images.d.ts`). A name without a row is an alias or
// another vendor's model: everything is accepted, and its upstream decides.
const families: readonly (ModelAbilities & { names: RegExp })[] = [
  { names: /^gpt-image-2\.[5-9]/, sizes: 'any', qualities: FIVE_STEPS, inputFidelity: [] },
  { names: /^gpt-image-2(?:-|$)/, sizes: 'any', qualities: THREE_STEPS, inputFidelity: [] },
  {
    names: /^gpt-image-1-mini/,
    sizes: 'three',
    qualities: THREE_STEPS,
    inputFidelity: ['low'],
  },
  {
    names: /^(?:gpt-image-1|chatgpt-image)/,
    sizes: 'three',
    qualities: THREE_STEPS,
    inputFidelity: ['high', 'low'],
  },
]

const unknownModel: ModelAbilities = {
  sizes: 'any',
  qualities: FIVE_STEPS,
  inputFidelity: ['high', 'low'],
}

/** The capabilities of a model by its public name, as published by OpenAI. */
export function modelAbilities(model: string): ModelAbilities {
  return families.find(({ names }) => names.test(model)) ?? unknownModel
}
