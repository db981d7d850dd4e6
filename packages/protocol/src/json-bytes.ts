/** Byte-level JSON functions for `JsonCursor`. */
import { AppError } from '@sluice/kernel/app-error'

export const QUOTE = 0x22
export const BACKSLASH = 0x5c
/** Up to this length a loop is faster than a native call. */
export const SHORT_STRING_BYTES = 48

/**
 * Finds the closing quote of a string, from a position outside any escape. Text with many escaped quotes is
 * mostly scanned in a loop, because a native call for each quote costs fifty times as much.
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

/**
 * Resolves the escapes of a string's content; unchanged when an escape is invalid, which the upstream will
 * reject.
 */
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
