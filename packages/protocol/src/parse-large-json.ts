import { AppError } from '@sluice/kernel/app-error'

import { closingQuote, invalidJson } from './json-bytes.ts'
import { LongText } from './long-text.ts'

const QUOTE = 0x22
const COLON = 0x3a
/** Smaller bodies are parsed directly. */
const SMALL_BYTES = 64 * 1024
/** Strings above this size become `LongText`. */
const LONG_BYTES = 4 * 1024
/** Limit of the body without the long strings; the longest prompt takes a tenth of it. */
const REST_BYTES_MAX = 4 * 1024 * 1024

/** Prefix of placeholders: a private-use character. Other strings with this prefix are replaced as well. */
const MARK = '\ue000'
const MARK_BYTES = Buffer.from(MARK)

/**
 * Parses a JSON body; strings above a few KiB become `LongText`, which are decoded only when they are read.
 * The shape must have been checked (`checkJsonShape`). Throws `invalid_json`, and `body_too_large` for a body
 * with more than 4 MiB besides them.
 */
export function parseLargeJson(body: Buffer): unknown {
  if (body.length <= SMALL_BYTES) return parse(body.toString('utf8'))
  const { rest, found } = cutLongStrings(body)
  const restBytes = rest.reduce((sum, { length }) => sum + length, 0)
  if (restBytes > REST_BYTES_MAX)
    throw new AppError(
      'body_too_large',
      `The body may have at most ${REST_BYTES_MAX} bytes beside its pictures.`,
      { details: { bytes_max: REST_BYTES_MAX } },
    )
  const parsed = parse(Buffer.concat(rest, restBytes).toString('utf8'))
  return found.length === 0 ? parsed : putBack(parsed, found)
}

function cutLongStrings(body: Buffer): { rest: Buffer[]; found: LongText[] } {
  const rest: Buffer[] = []
  const found: LongText[] = []
  let copiedTo = 0
  for (let open = body.indexOf(QUOTE); open !== -1;) {
    const close = closingQuote(body, open + 1)
    if ((close - open > LONG_BYTES || isMarked(body, open)) && !isKey(body, close)) {
      rest.push(body.subarray(copiedTo, open + 1), Buffer.from(`${MARK}${found.length}`))
      found.push(new LongText(body.subarray(open + 1, close)))
      copiedTo = close
    }
    open = body.indexOf(QUOTE, close + 1)
  }
  rest.push(body.subarray(copiedTo))
  return { rest, found }
}

/** True for a string that begins with the mark, literally or as an escape. */
function isMarked(body: Buffer, open: number): boolean {
  const first = body[open + 1]
  if (first === MARK_BYTES[0]) return body.subarray(open + 1, open + 4).equals(MARK_BYTES)
  return first === 0x5c && /^\\ue000$/i.test(body.toString('latin1', open + 1, open + 7))
}

function isKey(body: Buffer, close: number): boolean {
  let at = close + 1
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at += 1
  return body[at] === COLON
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('invalid_json', 'The body is not JSON.', { cause })
  }
}

/** Replaces placeholders by their long strings. Recursion depth is limited by `checkJsonShape`. */
function putBack(value: unknown, found: readonly LongText[]): unknown {
  if (typeof value === 'string' && value.startsWith(MARK)) {
    const text = found[Number(value.slice(MARK.length))]
    if (!text) throw invalidJson('The body is not JSON.')
    return text
  }
  if (typeof value !== 'object' || value === null) return value
  for (const [name, inner] of Object.entries(value)) {
    const put = putBack(inner, found)
    if (put !== inner) Reflect.set(value, name, put)
  }
  return value
}
