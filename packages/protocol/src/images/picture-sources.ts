import { AppError } from '@sluice/kernel/app-error'

import { invalid } from './field-reader.ts'

const URL_CHARS_MAX = 8_192

/** A picture that a JSON body names or carries. */
export type PictureSource =
  /** To be fetched through the guard. */
  | { kind: 'url'; url: string; param: string }
  /** Base64, as far as its alphabet shows; not decoded yet. */
  | { kind: 'base64'; base64: string; param: string }

/**
 * Pictures in a JSON parameter: one or a list of http(s) URLs, data URLs or bare base64 texts, each also
 * as `{image_url}`, `{url}` or `{b64_json}`. Refusals name the parameter and the place in its list.
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
  if (typeof item !== 'string' || item === '')
    throw invalid(param, 'must be a picture: an http(s) URL, a data URL or base64')
  if (/^https?:/i.test(item)) {
    if (item.length > URL_CHARS_MAX || !URL.canParse(item)) throw invalid(param, 'is not a URL')
    return { kind: 'url', url: item, param }
  }
  return { kind: 'base64', base64: readBase64(item, param), param }
}

function readBase64(text: string, param: string): string {
  const isDataUrl = /^data:/i.test(text)
  const comma = isDataUrl ? text.indexOf(',') : -1
  if (isDataUrl && !/^data:[^,]{0,200};base64$/i.test(text.slice(0, comma === -1 ? 0 : comma)))
    throw invalid(param, 'must be a base64 data URL (data:image/png;base64,…)')
  const base64 = text.slice(comma + 1)
  if (base64 === '' || !/^[A-Za-z0-9+/_\r\n-]+={0,2}\s*$/.test(base64))
    throw invalid(param, 'must be a picture: an http(s) URL, a data URL or base64')
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
