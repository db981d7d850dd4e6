import type { ImageRequest } from '@sluice/contracts/image-request'

import { imageModelTraits } from './image-model.ts'

export interface ImageParametersInput {
  request: ImageRequest
  upstreamModel: string
  /** How many partial pictures to ask for; null asks for a whole answer. */
  partialImages: number | null
  /** Fields of our own that this upstream does not take. */
  omitted?: ReadonlySet<string>
}

/**
 * What we add of our own: the answer can be read without any of it. `stream` and `partial_images` only make
 * partial pictures come.
 */
export const addedFields = ['n', 'output_format', 'partial_images', 'response_format', 'stream']

/**
 * The parameters of an image call in the wire's names, for one picture. `auto` is not sent: it is what
 * the upstream does by itself, and look-alikes do not know the word. Pure.
 */
export function imageParameters({
  request,
  upstreamModel,
  partialImages,
  omitted = new Set(),
}: ImageParametersInput): Record<string, unknown> {
  const { gptImage } = imageModelTraits(upstreamModel)
  // Another format than everybody's is what the caller asked for.
  const isOurs = (name: string) => name !== 'output_format' || request.format === 'png'
  const isOmitted = (name: string) =>
    omitted.has(name) && addedFields.includes(name) && isOurs(name)
  const parameters = defined({
    ...extraOf({ request, upstreamModel }),
    model: upstreamModel,
    prompt: request.prompt,
    n: 1,
    size: unlessAuto(request.size),
    quality: qualityOf({ request, upstreamModel }),
    background: unlessAuto(request.background),
    output_format: gptImage || request.format !== 'png' ? request.format : undefined,
    output_compression: request.format === 'png' ? undefined : request.compression,
    moderation: request.kind === 'generate' ? unlessAuto(request.moderation) : undefined,
    input_fidelity: request.kind === 'edit' ? fidelityOf({ request, upstreamModel }) : undefined,
    safety_identifier: request.safetyIdentifier,
    response_format: gptImage ? undefined : 'b64_json',
    stream: partialImages === null ? undefined : true,
    partial_images: partialImages ?? undefined,
  })
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !isOmitted(name)))
}

// A caller's unknown parameters pass, but none may change what we count on: one picture, in this form.
const owned: ReadonlySet<string> = new Set([
  'async',
  'background',
  'image',
  'image[]',
  'images',
  'input_fidelity',
  'mask',
  'model',
  'moderation',
  'n',
  'output_compression',
  'output_format',
  'partial_images',
  'prompt',
  'quality',
  'reference_images',
  'response_format',
  'safety_identifier',
  'size',
  'stream',
])

function extraOf({
  request: { extra = {} },
  upstreamModel,
}: Pick<ImageParametersInput, 'request' | 'upstreamModel'>): Record<string, unknown> {
  const { gptImage } = imageModelTraits(upstreamModel)
  return Object.fromEntries(
    // GPT image models answer 400 to DALL·E 3's `style`.
    Object.entries(extra).filter(([name]) => !owned.has(name) && !(gptImage && name === 'style')),
  )
}

/**
 * The caller's quality in the upstream's words. What DALL·E 3 does not know becomes the nearer of its
 * two: high and above are `hd`, medium and below `standard`.
 */
function qualityOf({
  request: { quality, qualityWord },
  upstreamModel,
}: Pick<ImageParametersInput, 'request' | 'upstreamModel'>): string | undefined {
  if (quality === 'auto') return undefined
  switch (imageModelTraits(upstreamModel).quality) {
    case 'steps':
      return quality
    case 'standard-or-hd':
      return quality === 'low' || quality === 'medium' ? 'standard' : 'hd'
    case 'none':
      return undefined
    case 'as-asked':
      return qualityWord ?? quality
  }
}

// Callers' clients send `high` on every edit; a model that cannot is not asked, rather than failed.
function fidelityOf({
  request: { inputFidelity },
  upstreamModel,
}: Pick<ImageParametersInput, 'request' | 'upstreamModel'>): string | undefined {
  const { inputFidelity: taken } = imageModelTraits(upstreamModel)
  if (taken === 'never' || (taken === 'low-only' && inputFidelity === 'high')) return undefined
  return inputFidelity
}

function unlessAuto<Value extends string>(value: Value | 'auto' | undefined): Value | undefined {
  return value === 'auto' ? undefined : value
}

function defined(parameters: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(parameters)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== null))
}
