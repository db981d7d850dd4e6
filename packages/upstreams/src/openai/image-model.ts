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
  /**
   * The words of its `quality`: `steps` are low to max; `standard-or-hd` are DALL·E 3's, which is also
   * CogView's; `none` has no such parameter; of `as-asked` nothing is known, so the caller's word goes.
   */
  quality: 'steps' | 'standard-or-hd' | 'none' | 'as-asked'
}

const lookAlike: ImageModelTraits = {
  gptImage: false,
  partials: false,
  inputFidelity: 'as-asked',
  quality: 'as-asked',
}

const known: readonly [RegExp, ImageModelTraits][] = [
  [
    /^gpt-image-1-mini/,
    { gptImage: true, partials: true, inputFidelity: 'low-only', quality: 'steps' },
  ],
  [/^gpt-image-1/, { gptImage: true, partials: true, inputFidelity: 'as-asked', quality: 'steps' }],
  // gpt-image-2 and later read every input at high fidelity and refuse the parameter.
  [/^gpt-image-/, { gptImage: true, partials: true, inputFidelity: 'never', quality: 'steps' }],
  [/^dall-e-2/, { ...lookAlike, quality: 'none' }],
  [/^(?:dall-e-|cogview-)/, { ...lookAlike, quality: 'standard-or-hd' }],
  [
    /^chatgpt-image-/,
    { gptImage: true, partials: true, inputFidelity: 'as-asked', quality: 'steps' },
  ],
]

/** Traits by name; relays put a vendor before it (`openai/gpt-image-2`). */
export function imageModelTraits(model: string): ImageModelTraits {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase()
  return known.find(([pattern]) => pattern.test(name))?.[1] ?? lookAlike
}
