import { AppError } from '@sluice/kernel/app-error'

import { LongText } from '../long-text.ts'
import { invalid } from './field-reader.ts'
import { isOwnPictureLink } from './own-picture-links.ts'

const URL_CHARS_MAX = 8_192
const HEADER_BYTES_MAX = 1_024
const DATA_URL = /^data:[^,]{0,200};base64$/i

/** A picture that a JSON body references or contains. */
export type PictureSource =
  /** To be fetched through the SSRF guard. */
  | { kind: 'url'; url: string; param: string }
  /** The path of a picture of this installation, without its host. */
  | { kind: 'own'; path: string; param: string }
  /** Base64, not decoded yet; the alphabet of a short one is checked. */
  | { kind: 'base64'; base64: string | LongText; param: string }

/**
 * Pictures in a JSON parameter: one or a list of http(s) URLs, picture paths of this installation, data URLs
 * or plain base64, each also as `{image_url}`, `{url}` or `{b64_json}`. Errors name the parameter and the
 * index in its list.
 */
export function readPictureSources(
  value: unknown,
  { param, countMax }: { param: string; countMax: number },
): PictureSource[] {
  if (value === undefined || value === null) return []
  const list = Array.isArray(value) ? value : [value]
  if (list.length > countMax) throw invalid(param, `takes at most ${countMax} pictures`)
  return list.map((item: unknown, index) =>
    readSource(unwrap(item), Array.isArray(value) ? `${param}[${index}]` : param),
  )
}

function readSource(item: unknown, param: string): PictureSource {
  if (typeof item === 'object' && item !== null && 'file_id' in item)
    throw new AppError('unsupported_parameter', `'${param}' by file_id is not offered here.`, {
      param,
    })
  if (item instanceof LongText) return readLongSource(item, param)
  if (typeof item !== 'string' || item === '') throw notAPicture(param)
  if (/^https?:/i.test(item)) {
    if (item.length > URL_CHARS_MAX || !URL.canParse(item)) throw invalid(param, 'is not a URL')
    return { kind: 'url', url: item, param }
  }
  if (isOwnPictureLink(item)) return { kind: 'own', path: item, param }
  return { kind: 'base64', base64: readBase64(item, param), param }
}

/** A value too long for a URL: only the header of a data URL is parsed, not its base64. */
function readLongSource(item: LongText, param: string): PictureSource {
  const head = headOf(item, param)
  if (/^https?:/i.test(head)) throw invalid(param, 'is not a URL')
  if (!/^data:/i.test(head)) return { kind: 'base64', base64: item, param }
  const comma = item.indexOf(',')
  const header = comma === -1 || comma > HEADER_BYTES_MAX ? '' : item.slice(0, comma)
  if (typeof header !== 'string' || !DATA_URL.test(header)) throw invalidDataUrl(param)
  return { kind: 'base64', base64: item.slice(comma + 1), param }
}

function headOf(item: LongText, param: string): string {
  try {
    return item.head(HEADER_BYTES_MAX)
  } catch {
    throw notAPicture(param)
  }
}

const invalidDataUrl = (param: string) =>
  invalid(param, 'must be a base64 data URL (data:image/png;base64,…)')
const notAPicture = (param: string) =>
  invalid(param, 'must be a picture: an http(s) URL, a data URL or base64')

function readBase64(text: string, param: string): string {
  const isDataUrl = /^data:/i.test(text)
  const comma = isDataUrl ? text.indexOf(',') : -1
  if (isDataUrl && !DATA_URL.test(text.slice(0, comma === -1 ? 0 : comma)))
    throw invalidDataUrl(param)
  const base64 = text.slice(comma + 1)
  if (base64 === '' || !/^[A-Za-z0-9+/_\r\n-]+={0,2}\s*$/.test(base64)) throw notAPicture(param)
  return base64
}

// `{image_url: 'https://…'}` (edits), `{image_url: {url}}` (chat), `{url}`, `{b64_json}`.
function unwrap(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return item
  for (const name of ['image_url', 'url', 'b64_json']) {
    const inner = Object.entries(item).find(([key]) => key === name)?.[1]
    if (inner !== undefined) return name === 'image_url' ? unwrap(inner) : inner
  }
  return item
}
