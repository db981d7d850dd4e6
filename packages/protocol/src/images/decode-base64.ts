import { nextTurn } from '@sluice/kernel/next-turn'

import type { LongText } from '../long-text.ts'
import { invalid } from './field-reader.ts'

/** Less than a millisecond's work. */
const PIECE_BYTES = 192 * 1024
const UNIT_CHARS = 4
const PLAIN = /^[\w+/-]*$/

/**
 * Decodes base64 piece by piece, and lets everybody else have their turn between two pieces. Line breaks may stand
 * anywhere, both alphabets count, padding may be missing. Throws `invalid_value` that names `param` for anything else.
 */
export async function* decodeBase64(
  text: LongText,
  { param }: { param: string },
): AsyncGenerator<Buffer, void, void> {
  const pieces = text.pieces(PIECE_BYTES)
  let rest = ''
  let isPadded = false
  for (let next = read(pieces, param); next !== undefined; next = read(pieces, param)) {
    // Most pieces have no line break: to look for one is cheaper than to replace none.
    const chars = rest + (PLAIN.test(next) ? next : next.replaceAll(/\s+/g, ''))
    const padding = chars.indexOf('=')
    const end = padding === -1 ? chars.length : padding
    if ((isPadded && end > 0) || !/^[\w+/-]*={0,2}$/.test(chars)) throw noBase64(param)
    isPadded ||= padding !== -1
    const whole = isPadded ? end : end - (end % UNIT_CHARS)
    rest = chars.slice(whole)
    if (whole > 0) yield Buffer.from(chars.slice(0, whole), 'base64')
    await nextTurn()
  }
  if (!isPadded && rest !== '') yield Buffer.from(rest, 'base64')
}

function read(pieces: Generator<string, void, void>, param: string): string | undefined {
  try {
    return pieces.next().value ?? undefined
  } catch {
    // An escape that JSON does not have.
    throw noBase64(param)
  }
}

const noBase64 = (param: string) =>
  invalid(param, 'must be a picture: an http(s) URL, a data URL or base64')
