/** The known parameters of an image model. */
export interface ImageModelTraits {
  /**
   * GPT image models return base64 and reject `response_format`; others return a URL by default and do not
   * support `output_format`, `background` etc.
   */
  gptImage: boolean
  /** Whether partial images are supported. */
  partials: boolean
  inputFidelity: 'as-requested' | 'low-only' | 'never'
  /**
   * The values of `quality`: `steps` is low to max; `standard-or-hd` those of DALL·E 3 and CogView; `none`
   * means no such parameter; `as-requested` is for unknown models, which receive the caller's value.
   */
  quality: 'steps' | 'standard-or-hd' | 'none' | 'as-requested'
}

const otherModel: ImageModelTraits = {
  gptImage: false,
  partials: false,
  inputFidelity: 'as-requested',
  quality: 'as-requested',
}

const knownModels: readonly [RegExp, ImageModelTraits][] = [
  [
    /^gpt-image-1-mini/,
    { gptImage: true, partials: true, inputFidelity: 'low-only', quality: 'steps' },
  ],
  [
    /^gpt-image-1/,
    { gptImage: true, partials: true, inputFidelity: 'as-requested', quality: 'steps' },
  ],
  // gpt-image-2 and later always use high input fidelity and reject the parameter.
  [/^gpt-image-/, { gptImage: true, partials: true, inputFidelity: 'never', quality: 'steps' }],
  [/^dall-e-2/, { ...otherModel, quality: 'none' }],
  [/^(?:dall-e-|cogview-)/, { ...otherModel, quality: 'standard-or-hd' }],
  [
    /^chatgpt-image-/,
    { gptImage: true, partials: true, inputFidelity: 'as-requested', quality: 'steps' },
  ],
]

/** Traits by model name, with or without a vendor prefix (`openai/gpt-image-2`). */
export function imageModelTraits(model: string): ImageModelTraits {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase()
  return knownModels.find(([pattern]) => pattern.test(name))?.[1] ?? otherModel
}
