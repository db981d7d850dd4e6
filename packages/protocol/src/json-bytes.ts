/** Bytes of JSON, as `JsonCursor` meets them. */
import { AppError } from '@sluice/kernel/app-error'

export const QUOTE = 0x22
export const BACKSLASH = 0x5c
/** Up to here a loop is quicker than a call into native code. */
export const SHORT_STRING_BYTES = 48

/**
 * The quote that ends a string, from a position outside any escape. In text full of escaped quotes most of the way is
 * a loop: a call into native code for each of them costs fifty times as much.
 */
export function closingQuote(bytes: Buffer, from: number): number {
  for (let start = from; ;) {
    const loopEnd = Math.min(start + SHORT_STRING_BYTES, bytes.length)
    let at = start
    for (; at < loopEnd; at += 1) {
      const code = bytes[at]
      if (code === QUOTE) return at
      if (code === BACKSLASH) at += 1
    }
    const quote = bytes.indexOf(QUOTE, at)
    if (quote === -1) throw broken()
    let backslashes = 0
    while (quote - backslashes > at && bytes[quote - backslashes - 1] === BACKSLASH) {
      backslashes += 1
    }
    if (backslashes % 2 === 0) return quote
    start = quote + 1
  }
}

/** Text between quotes as it reads; unchanged where an escape is none of JSON, which is the upstream's to judge. */
export function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  try {
    return String(JSON.parse(`"${text}"`))
  } catch {
    return text
  }
}

export function startsWith(bytes: Buffer, word: Buffer, at: number): boolean {
  for (let index = 0; index < word.length; index += 1) {
    if (bytes[at + index] !== word[index]) return false
  }
  return true
}

export function isSpace(code: number | undefined): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

export function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 0x30 && code <= 0x39
}

export function invalidJson(message: string): AppError {
  return new AppError('invalid_json', message)
}

export function broken(): AppError {
  return invalidJson('The body is not valid JSON.')
}
