import { nextTurn } from '@sluice/kernel/next-turn'

import type { LongText } from '../long-text.ts'
import { invalid } from './field-reader.ts'

/** Decoded in less than a millisecond. */
const PIECE_BYTES = 192 * 1024
const UNIT_CHARS = 4
const PLAIN = /^[\w+/-]*$/

/**
 * Decodes base64 in pieces, and yields to the event loop between them. Line breaks, both alphabets and
 * missing padding are accepted. Throws `invalid_value` for `param` for anything else.
 */
export async function* decodeBase64(
  text: LongText,
  { param }: { param: string },
): AsyncGenerator<Buffer, void, void> {
  const pieces = text.pieces(PIECE_BYTES)
  let rest = ''
  let isPadded = false
  for (let next = read(pieces, param); next !== undefined; next = read(pieces, param)) {
    // Most pieces have no line break, and testing is cheaper than replacing.
    const chars = rest + (PLAIN.test(next) ? next : next.replaceAll(/\s+/g, ''))
    const padding = chars.indexOf('=')
    const end = padding === -1 ? chars.length : padding
    if ((isPadded && end > 0) || !/^[\w+/-]*={0,2}$/.test(chars)) throw invalidBase64(param)
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
    // An invalid JSON escape.
    throw invalidBase64(param)
  }
}

const invalidBase64 = (param: string) =>
  invalid(param, 'must be a picture: an http(s) URL, a data URL or base64')
