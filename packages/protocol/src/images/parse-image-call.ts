import type { ImageQuality, ImageRequest } from '@sluice/contracts/image-request'
import { imageBackgrounds, imageFormats, imageQualities } from '@sluice/contracts/image-request'
import { AppError } from '@sluice/kernel/app-error'

import { readExtra } from './extra-fields.ts'
import type { FieldReader, Fields } from './field-reader.ts'
import { cleanText, fieldReader, invalid } from './field-reader.ts'
import type { ModelAbilities } from './model-abilities.ts'
import { modelAbilities } from './model-abilities.ts'
import { readSize } from './read-size.ts'

export const PROMPT_CHARS_MAX = 32_000
const MODEL_CHARS_MAX = 200
const IDENTIFIER_CHARS_MAX = 512
const SIZE_CHARS_MAX = 32
export const COUNT_MAX = 10
export const PARTIAL_IMAGES_MAX = 3

/** How the caller receives the result; the job is the same. */
export type ResponseMode = 'await' | 'stream' | 'async'

/** An image request without its input pictures. */
export interface ImageCall {
  request: Omit<ImageRequest, 'kind' | 'images' | 'mask'>
  responseMode: ResponseMode
  /** As requested; undefined leaves it to the configuration. */
  responseFormat: 'b64_json' | 'url' | undefined
}

/**
 * Reads the parameters of `POST /v1/images/generations` and `/edits`, from JSON
 * or from a form. Unknown parameters are forwarded to the upstream, nulls count as absent. Throws
 * `missing_required_parameter`, `invalid_value` or `unsupported_parameter`, each with its `param`.
 */
export function parseImageCall(fields: Fields): ImageCall {
  const read = fieldReader(fields)
  const model = required('model', read.text('model', MODEL_CHARS_MAX))
  const prompt = readPrompt(fields)
  const abilities = modelAbilities(model)
  const responseMode = readResponseMode(read)
  const format = readFormat(read)
  const compression = readCompression(read, format)
  const moderation = read.choice('moderation', ['auto', 'low'])
  const inputFidelity = readFidelity(read, abilities)
  const safetyIdentifier =
    read.text('safety_identifier', IDENTIFIER_CHARS_MAX) ?? read.text('user', IDENTIFIER_CHARS_MAX)
  const partialImages = read.integer('partial_images', { min: 0, max: PARTIAL_IMAGES_MAX }) ?? 0
  const extra = readExtra(fields)

  return {
    responseMode,
    responseFormat: read.choice('response_format', ['b64_json', 'url']),
    request: {
      model,
      prompt,
      count: read.integer('n', { min: 1, max: COUNT_MAX }) ?? 1,
      size: readSize(read.text('size', SIZE_CHARS_MAX), abilities),
      ...readQuality(read, abilities),
      background: readBackground(read, format),
      format,
      // They could not be delivered, and the upstream charges for them.
      partialImages: responseMode === 'await' ? 0 : partialImages,
      ...(compression !== undefined && { compression }),
      ...(moderation && { moderation }),
      ...(inputFidelity && { inputFidelity }),
      ...(safetyIdentifier && { safetyIdentifier }),
      ...(extra && { extra }),
    },
  }
}

/** The prompt; refused when absent, empty or longer than GPT image models accept. */
export function readPrompt(fields: Fields): string {
  const value = Object.hasOwn(fields, 'prompt') ? fields['prompt'] : undefined
  if (value === undefined || value === null) throw missing('prompt')
  const prompt = cleanText('prompt', value, PROMPT_CHARS_MAX)
  if (prompt.trim() === '') throw invalid('prompt', 'must not be empty')
  return prompt
}

function readResponseMode(read: FieldReader): ResponseMode {
  const stream = read.flag('stream') ?? false
  const isAsync = read.flag('async') ?? false
  if (stream && isAsync) throw invalid('async', "cannot be combined with 'stream'")
  if (isAsync) return 'async'
  return stream ? 'stream' : 'await'
}

function readFormat(read: FieldReader) {
  const format = read.choice('output_format', [...imageFormats, 'gif', 'svg', 'jpg']) ?? 'png'
  if (format === 'jpg') return 'jpeg'
  if (format !== 'gif' && format !== 'svg') return format
  throw unsupported(
    'output_format',
    `'output_format' ${format} is not offered here; png, jpeg and webp are.`,
  )
}

function readCompression(read: FieldReader, format: string): number | undefined {
  const compression = read.integer('output_compression', { min: 0, max: 100 })
  if (format !== 'png' || compression === undefined) return compression
  if (compression === 100) return undefined
  throw unsupported(
    'output_compression',
    "'output_compression' below 100 needs 'output_format' jpeg or webp.",
  )
}

const legacyQualities: Readonly<Record<'standard' | 'hd', ImageQuality>> = {
  standard: 'medium',
  hd: 'high',
}

function readQuality(
  read: FieldReader,
  { qualities }: ModelAbilities,
): Pick<ImageRequest, 'quality' | 'qualityWord'> {
  const requested = read.choice('quality', ['auto', ...imageQualities, 'standard', 'hd']) ?? 'auto'
  if (requested === 'auto') return { quality: requested }
  const word = requested === 'standard' || requested === 'hd' ? requested : undefined
  const quality =
    requested === 'standard' || requested === 'hd' ? legacyQualities[requested] : requested
  if (qualities.includes(quality)) return { quality, ...(word && { qualityWord: word }) }
  throw unsupported(
    'quality',
    `This model supports 'quality' ${qualities.join(', ')} or auto, not ${requested}.`,
  )
}

function readBackground(read: FieldReader, format: string): ImageRequest['background'] {
  const background = read.choice('background', ['auto', ...imageBackgrounds]) ?? 'auto'
  if (background === 'transparent' && format === 'jpeg')
    throw invalid('background', "transparent needs 'output_format' png or webp")
  return background
}

// Some clients send `high` with every edit: it is dropped for models that do not support it.
function readFidelity(read: FieldReader, { inputFidelity }: ModelAbilities) {
  const requested = read.choice('input_fidelity', ['high', 'low'])
  return requested && inputFidelity.includes(requested) ? requested : undefined
}

function required(param: string, value: string | undefined): string {
  if (value) return value
  throw missing(param)
}

const missing = (param: string) =>
  new AppError('missing_required_parameter', `'${param}' is required.`, { param })

const unsupported = (param: string, message: string) =>
  new AppError('unsupported_parameter', message, { param })
