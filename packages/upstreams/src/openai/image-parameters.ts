import type { ImageRequest } from '@sluice/contracts/image-request'

import { imageModelTraits } from './image-model.ts'

export interface ImageParametersInput {
  request: ImageRequest
  upstreamModel: string
  /** The number of partial images to request; null for a response without streaming. */
  partialImages: number | null
  /** Added fields that this upstream rejects. */
  omitted?: ReadonlySet<string>
}

/**
 * Fields that the gateway adds; responses can be parsed without any of them. `stream` and `partial_images`
 * only enable partial images.
 */
export const addedFields = ['n', 'output_format', 'partial_images', 'response_format', 'stream']

/**
 * The wire parameters of an image call, for one image. `auto` is not sent: it is the default, and compatible
 * services do not support the value. Pure.
 */
export function imageParameters({
  request,
  upstreamModel,
  partialImages,
  omitted = new Set(),
}: ImageParametersInput): Record<string, unknown> {
  const { gptImage } = imageModelTraits(upstreamModel)
  // A format other than the default was requested by the caller.
  const isAdded = (name: string) => name !== 'output_format' || request.format === 'png'
  const isOmitted = (name: string) =>
    omitted.has(name) && addedFields.includes(name) && isAdded(name)
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

// A caller's unknown parameters are forwarded, except those that the gateway sets itself.
const RESERVED_PARAMS: ReadonlySet<string> = new Set([
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
    // GPT image models respond with 400 to DALL·E 3's `style`.
    Object.entries(extra).filter(
      ([name]) => !RESERVED_PARAMS.has(name) && !(gptImage && name === 'style'),
    ),
  )
}

/**
 * The caller's quality as a value of the upstream. For DALL·E 3, high and above become `hd`, medium and below
 * `standard`.
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
    case 'as-requested':
      return qualityWord ?? quality
  }
}

// Clients send `high` with every edit; it is omitted for models that would reject it.
function fidelityOf({
  request: { inputFidelity },
  upstreamModel,
}: Pick<ImageParametersInput, 'request' | 'upstreamModel'>): string | undefined {
  const { inputFidelity: supported } = imageModelTraits(upstreamModel)
  if (supported === 'never' || (supported === 'low-only' && inputFidelity === 'high'))
    return undefined
  return inputFidelity
}

function unlessAuto<Value extends string>(value: Value | 'auto' | undefined): Value | undefined {
  return value === 'auto' ? undefined : value
}

function defined(parameters: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(parameters)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== null))
}
