import type { Answer, ErrorFacts } from './answer.ts'
import { refusal } from './answer.ts'
import type { Format } from './render-picture.ts'
import type { Call } from './read-call.ts'
import type { SimulatedModel } from './simulator-context.ts'

/** A parsed image request with effective values. */
export interface ImagesCall {
  edit: boolean
  model: SimulatedModel
  prompt: string
  count: number
  width: number
  height: number
  quality: string
  background: 'opaque' | 'transparent'
  format: Format
  stream: boolean
  partialImages: number
  byUrl: boolean
}

/** Parses and validates an image request; returns an error response with the real API's texts. */
export function readImagesCall(
  { models }: { models: readonly SimulatedModel[] },
  { call }: { call: Call },
): ImagesCall | Answer {
  const { fields } = call
  const edit = call.route === 'images.edits'
  const prompt = text(fields['prompt'])
  if (prompt === undefined) return missing('prompt')
  if (edit && !call.files.some(({ part }) => /^image(\[\])?$/.test(part))) return missing('image')
  const name = text(fields['model']) ?? 'gpt-image-1.5'
  const model = models.find(({ id, kind }) => id === name && kind === 'image')
  if (!model) return unknownModel(name)
  const gpt = model.family === 'gpt'
  if (gpt && fields['response_format'] !== undefined) {
    return invalid('response_format', 'unknown_parameter', "Unknown parameter: 'response_format'.")
  }
  const count = number(fields['n']) ?? 1
  if (!Number.isInteger(count) || count < 1 || count > 10) return invalidValue('n', fields['n'])
  const size = sizeOf(text(fields['size']) ?? 'auto')
  if (!size) return invalidValue('size', fields['size'])
  const format = formatOf(text(fields['output_format']) ?? 'png')
  if (!format) return invalidValue('output_format', fields['output_format'])
  const quality = qualityOf(text(fields['quality']) ?? 'auto', name)
  if (!quality) return invalidValue('quality', fields['quality'])
  const background = fields['background'] === 'transparent' ? 'transparent' : 'opaque'
  if (background === 'transparent' && format === 'jpeg') {
    return invalidValue('background', fields['background'])
  }
  const byUrl = !gpt && fields['response_format'] !== 'b64_json'
  const stream = gpt && String(fields['stream']) === 'true'
  const partialImages = number(fields['partial_images']) ?? 0
  const spec = { edit, model, prompt, count, quality, background, format } as const
  return { ...spec, ...size, stream, partialImages, byUrl }
}

/** The error response for an unknown model. */
export function unknownModel(name: string): Answer {
  const message = `The model '${name}' does not exist or you do not have access to it.`
  return refusal(404, { message, param: 'model', code: 'model_not_found' })
}

function missing(param: string): Answer {
  const message = `Missing required parameter: '${param}'.`
  return refusal(400, { message, param, code: 'missing_required_parameter' })
}

function invalidValue(param: string, value: unknown): Answer {
  return invalid(param, 'invalid_value', `Invalid value: '${String(value)}'.`)
}

function invalid(param: string, code: string, message: string): Answer {
  return refusal(400, { message, param, code } satisfies ErrorFacts)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function number(value: unknown): number | undefined {
  return value === undefined || value === null ? undefined : Number(value)
}

function sizeOf(size: string): { width: number; height: number } | undefined {
  if (size === 'auto') return { width: 1024, height: 1024 }
  const match = /^(\d{2,4})x(\d{2,4})$/.exec(size)
  const [width, height] = [Number(match?.[1]), Number(match?.[2])]
  return width >= 16 && height >= 16 && width <= 3840 && height <= 3840
    ? { width, height }
    : undefined
}

function formatOf(format: string): Format | undefined {
  return format === 'png' || format === 'jpeg' || format === 'webp' ? format : undefined
}

function qualityOf(quality: string, model: string): string | undefined {
  // DALL·E 3 accepts only these two values.
  if (model === 'dall-e-3') {
    if (quality === 'auto') return 'standard'
    return quality === 'standard' || quality === 'hd' ? quality : undefined
  }
  if (quality === 'auto') return 'medium'
  return ['low', 'medium', 'high', 'xhigh', 'max'].includes(quality) ? quality : undefined
}
