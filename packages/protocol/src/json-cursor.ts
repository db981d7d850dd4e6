import {
  BACKSLASH,
  broken,
  closingQuote,
  invalidJson,
  isDigit,
  isSpace,
  QUOTE,
  SHORT_STRING_BYTES,
  startsWith,
  unescaped,
} from './json-bytes.ts'
import type { MediaPiece } from './media-pieces.ts'
import { mediaPieceOf } from './media-pieces.ts'

/** Deeper nesting is refused, because upstream parsers may be recursive. */
export const JSON_DEPTH_MAX = 64
/** More values are refused, because reading them would block the event loop. */
export const JSON_VALUES_MAX = 200_000

const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
export const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
export const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** Shorter strings are always counted as text. */
const MEDIA_BYTES_MIN = 256
const MEDIA_NAME_BYTES_MAX = 20
/** Length of a character's escape, as in `\u0069`. */
const ESCAPE_BYTES = 6

const IMAGE_URL = Buffer.from('image_url"')
const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const NULL = Buffer.from('null')

/** A forward-only cursor over JSON bytes. */
export class JsonCursor {
  at = 0
  /** Pictures, audio and files in base64, with their size in the body. */
  media: MediaPiece[] | undefined
  mediaBytes = 0
  imageUrlWords = 0
  private values = 0
  private readonly bytes: Buffer
  private keyStart = 0
  private keyEnd = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  peek(): number | undefined {
    return this.bytes[this.at]
  }

  skipSpace(): void {
    const { bytes } = this
    for (let code = bytes[this.at]; isSpace(code); code = bytes[this.at]) this.at += 1
  }

  /** Enters an object; true when a member follows. */
  enterObject(): boolean {
    this.at += 1
    this.skipSpace()
    if (this.bytes[this.at] !== CLOSE_BRACE) return this.count()
    this.at += 1
    return false
  }

  /** After a member's value: true when another follows. */
  nextMember(): boolean {
    this.skipSpace()
    const code = this.bytes[this.at]
    this.at += 1
    if (code === CLOSE_BRACE) return false
    if (code !== COMMA) throw broken()
    this.skipSpace()
    return this.count()
  }

  /** Enters an array; true when an element follows. */
  enterArray(): boolean {
    this.at += 1
    this.skipSpace()
    if (this.bytes[this.at] !== CLOSE_BRACKET) return this.count()
    this.at += 1
    return false
  }

  /** After an element: true when another follows. */
  nextElement(): boolean {
    this.skipSpace()
    const code = this.bytes[this.at]
    this.at += 1
    if (code === CLOSE_BRACKET) return false
    if (code !== COMMA) throw broken()
    this.skipSpace()
    return this.count()
  }

  /** Counts a member or element. */
  private count(): true {
    this.values += 1
    if (this.values <= JSON_VALUES_MAX) return true
    throw invalidJson(`The body has more than ${JSON_VALUES_MAX} values.`)
  }

  /** Skips a key and its colon; the methods below refer to this key. */
  skipKey(): void {
    this.keyStart = this.at + 1
    this.skipString()
    this.keyEnd = this.at - 1
    this.expectColon()
  }

  get keyBytes(): number {
    return this.keyEnd - this.keyStart
  }

  keyIs(word: Buffer): boolean {
    return this.keyBytes === word.length && startsWith(this.bytes, word, this.keyStart)
  }

  /** True for lower case ASCII letters, digits and underscores. */
  keyIsPlain(): boolean {
    for (let at = this.keyStart; at < this.keyEnd; at += 1) {
      const code = this.bytes[at] ?? 0
      if ((code < 0x61 || code > 0x7a) && code !== 0x5f && !isDigit(code)) return false
    }
    return true
  }

  /** The key with its escapes resolved. */
  keyText(): string {
    return String(this.parseSpan(this.keyStart - 1, this.keyEnd + 1))
  }

  skipValue(depth: number): void {
    const code = this.bytes[this.at]
    if (code === QUOTE) this.skipString()
    else if (code === OPEN_BRACE) this.skipObject(depth + 1)
    else if (code === OPEN_BRACKET) this.skipArray(depth + 1)
    else if (code === MINUS || isDigit(code)) this.skipNumber()
    else if (code === TRUE[0]) this.skipWord(TRUE)
    else if (code === FALSE[0]) this.skipWord(FALSE)
    else this.skipWord(NULL)
  }

  /** Parses the bytes from `start` to the cursor. Only for small members. */
  parse(start: number): unknown {
    return this.parseSpan(start, this.at)
  }

  private parseSpan(start: number, end: number): unknown {
    try {
      return JSON.parse(this.bytes.toString('utf8', start, end))
    } catch {
      throw broken()
    }
  }

  private skipObject(depth: number): void {
    checkDepth(depth)
    for (let more = this.enterObject(); more; more = this.nextMember()) {
      this.skipKey()
      this.skipMemberValue(depth)
    }
  }

  /** Skips the value of the last key, and counts the media in it. */
  skipMemberValue(depth: number): void {
    const { at: start, keyStart, keyEnd } = this
    this.skipValue(depth)
    if (this.at - start > MEDIA_BYTES_MIN && this.bytes[start] === QUOTE) {
      this.countMedia({ keyStart, keyEnd, start })
    }
  }

  /** Detects media in a long string by the name of its member and its first bytes. */
  private countMedia({ keyStart, keyEnd, start }: Record<'keyStart' | 'keyEnd' | 'start', number>) {
    if (keyEnd - keyStart > MEDIA_NAME_BYTES_MAX * ESCAPE_BYTES) return
    const { bytes } = this
    const name = unescaped(bytes.toString('latin1', keyStart, keyEnd))
    const piece = mediaPieceOf(name, bytes.subarray(start + 1, this.at - 1))
    if (!piece) return
    ;(this.media ??= []).push(piece)
    this.mediaBytes += this.at - start - 2
  }

  private skipArray(depth: number): void {
    checkDepth(depth)
    for (let more = this.enterArray(); more; more = this.nextElement()) this.skipValue(depth)
  }

  private expectColon(): void {
    this.skipSpace()
    if (this.bytes[this.at] !== COLON) throw broken()
    this.at += 1
    this.skipSpace()
  }

  /** Skips a string. */
  private skipString(): void {
    const { bytes } = this
    const start = this.at
    if (bytes[start] !== QUOTE) throw broken()
    let at = start + 1
    const shortEnd = Math.min(at + SHORT_STRING_BYTES, bytes.length)
    let hasEscapes = false
    for (; at < shortEnd; at += 1) {
      const code = bytes[at]
      if (code === QUOTE) break
      if (code === BACKSLASH) {
        at += 1
        hasEscapes = true
      } else if (code !== undefined && code < 0x20) throw broken()
    }
    this.at = (at < shortEnd ? at : closingQuote(bytes, at)) + 1
    const isImageUrl =
      (bytes[start + 1] === IMAGE_URL[0] && startsWith(bytes, IMAGE_URL, start + 1)) ||
      (hasEscapes && this.readsImageUrl(start))
    if (isImageUrl) this.imageUrlWords += 1
  }

  /** Whether the string from `start` to the cursor is `image_url` written with escapes. */
  private readsImageUrl(start: number): boolean {
    if (this.at - start - 2 > (IMAGE_URL.length - 1) * ESCAPE_BYTES) return false
    return unescaped(this.bytes.toString('latin1', start + 1, this.at - 1)) === 'image_url'
  }

  private skipWord(word: Buffer): void {
    if (!startsWith(this.bytes, word, this.at)) throw broken()
    this.at += word.length
  }

  private skipNumber(): void {
    const { bytes } = this
    if (bytes[this.at] === MINUS) this.at += 1
    // No digit may follow a leading zero.
    if (bytes[this.at] === 0x30) this.at += 1
    else this.skipDigits()
    if (bytes[this.at] === 0x2e) {
      this.at += 1
      this.skipDigits()
    }
    const exponent = bytes[this.at]
    if (exponent !== 0x65 && exponent !== 0x45) return
    this.at += 1
    const sign = bytes[this.at]
    if (sign === MINUS || sign === 0x2b) this.at += 1
    this.skipDigits()
  }

  private skipDigits(): void {
    const start = this.at
    while (isDigit(this.bytes[this.at])) this.at += 1
    if (this.at === start) throw broken()
  }
}

function checkDepth(depth: number): void {
  if (depth > JSON_DEPTH_MAX) {
    throw invalidJson(`The body is nested deeper than ${JSON_DEPTH_MAX} levels.`)
  }
}
