import { AppError } from '@sluice/kernel/app-error'

import type { PictureQuery } from '../picture.ts'
import type { Variant } from '../variant.ts'
import { thumbnailFormats, variantFormats } from '../variant.ts'

const WIDTH_PIXELS_MIN = 16
const WIDTH_PIXELS_MAX = 4_096
const THUMBNAIL_KB_MAX = 1_024

/**
 * Parses the query of a link. `exp` and `sig` are not validated here: the signature check does that. A
 * repeated parameter is rejected, because two parsers could use different values of it.
 */
export function readPictureQuery(query: Record<string, string[]>): PictureQuery {
  const read = (name: string): string | undefined => {
    const values = Object.hasOwn(query, name) ? (query[name] ?? []) : []
    if (values.length > 1) throw invalid(name, 'must not be repeated')
    return values[0]
  }
  return { exp: read('exp'), sig: read('sig'), variant: readVariant(read) }
}

function readVariant(read: (name: string) => string | undefined): Variant {
  const width = readInteger('w', read('w'), { min: WIDTH_PIXELS_MIN, max: WIDTH_PIXELS_MAX })
  const thumbnailKb = readInteger('thumb_kb', read('thumb_kb'), { min: 0, max: THUMBNAIL_KB_MAX })
  const format = readFormat(read('format'))
  if (thumbnailKb) {
    if (width !== undefined) throw invalid('w', "cannot be combined with 'thumb_kb'")
    const thumbnail = thumbnailFormats.find((known) => known === (format ?? 'webp'))
    if (!thumbnail) throw invalid('format', 'of a thumbnail must be webp or jpeg')
    return { kind: 'thumbnail', bytesMax: thumbnailKb * 1_024, format: thumbnail }
  }
  if (width === undefined && format === undefined) return { kind: 'original' }
  return { kind: 'resized', width: width ?? null, format: format ?? null }
}

function readFormat(text: string | undefined) {
  if (text === undefined) return undefined
  const format = variantFormats.find((known) => known === (text === 'jpg' ? 'jpeg' : text))
  if (format) return format
  throw invalid('format', `must be one of ${variantFormats.join(', ')}`)
}

function readInteger(
  param: string,
  text: string | undefined,
  { min, max }: { min: number; max: number },
): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw invalid(param, `must be a whole number from ${min} to ${max}`)
}

const invalid = (param: string, problem: string) =>
  new AppError('invalid_value', `'${param}' ${problem}.`, { param })
