/** What an image model of this wire is known to take. */
export interface ImageModelTraits {
  /**
   * GPT image models answer base64 and refuse `response_format`; others answer a URL unless asked, and
   * do not know `output_format`, `background` and the like.
   */
  gptImage: boolean
  /** Whether partial pictures can be asked for. */
  partials: boolean
  inputFidelity: 'as-asked' | 'low-only' | 'never'
}

const known: readonly [RegExp, ImageModelTraits][] = [
  [/^gpt-image-1-mini/, { gptImage: true, partials: true, inputFidelity: 'low-only' }],
  [/^gpt-image-1/, { gptImage: true, partials: true, inputFidelity: 'as-asked' }],
  // gpt-image-2 and later read every input at high fidelity and refuse the parameter.
  [/^gpt-image-/, { gptImage: true, partials: true, inputFidelity: 'never' }],
  [/^chatgpt-image-/, { gptImage: true, partials: true, inputFidelity: 'as-asked' }],
]

const lookAlike: ImageModelTraits = {
  gptImage: false,
  partials: false,
  inputFidelity: 'as-asked',
}

/** Traits by name; relays put a vendor before it (`openai/gpt-image-2`). */
export function imageModelTraits(model: string): ImageModelTraits {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase()
  return known.find(([pattern]) => pattern.test(name))?.[1] ?? lookAlike
}
