/** Slices up to this size are returned as text, longer ones as `LongText`. */
const SHORT_BYTES = 8 * 1024
const BACKSLASH = 0x5c
const ESCAPE_BYTES_MAX = 6

/**
 * A long string of a JSON body that is not decoded: the bytes between its quotes, escapes unresolved.
 * Decoding twenty megabytes of base64 at once would block the event loop.
 */
export class LongText {
  readonly #bytes: Buffer

  /** `bytes` must be the checked content of a JSON string. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** At least one byte per character; at most six per UTF-16 unit. */
  get byteLength(): number {
    return this.#bytes.length
  }

  /** The whole text. Throws SyntaxError for an invalid escape. */
  text(): string {
    return unescaped(this.#bytes)
  }

  /** The offset of these unescaped ASCII characters; -1 when not found. */
  indexOf(word: string, from = 0): number {
    return this.#bytes.indexOf(word, from, 'latin1')
  }

  lastIndexOf(word: string, from: number): number {
    return from < 0 ? -1 : this.#bytes.lastIndexOf(word, from, 'latin1')
  }

  /** A slice by offsets: text when it is short, otherwise another view of the same bytes. */
  slice(start: number, end = this.#bytes.length): string | LongText {
    const piece = this.#bytes.subarray(start, end)
    return piece.length <= SHORT_BYTES ? unescaped(piece) : new LongText(piece)
  }

  /** The first bytes as text, without a partial escape. */
  head(bytes: number): string {
    return unescaped(this.#bytes.subarray(0, this.#cut(bytes)))
  }

  /** The text in pieces of about `bytes` bytes. Throws SyntaxError as `text` does. */
  *pieces(bytes: number): Generator<string, void, void> {
    for (let start = 0; start < this.#bytes.length;) {
      const end = this.#cut(start + bytes)
      yield unescaped(this.#bytes.subarray(start, end))
      start = end
    }
  }

  /** The last offset up to `end` that is not inside an escape or a character. */
  #cut(end: number): number {
    const bytes = this.#bytes
    if (end >= bytes.length) return bytes.length
    let at = end
    while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at -= 1
    for (let back = 1; back < ESCAPE_BYTES_MAX && at - back >= 0; back += 1) {
      if (bytes[at - back] === BACKSLASH && opensEscape(bytes, at - back))
        return escapeEnd(bytes, at - back) > at ? at - back : at
    }
    return at
  }
}

/** True for a backslash after an even number of backslashes. */
function opensEscape(bytes: Buffer, at: number): boolean {
  let before = at
  while (before > 0 && bytes[before - 1] === BACKSLASH) before -= 1
  return (at - before) % 2 === 0
}

const escapeEnd = (bytes: Buffer, at: number) =>
  at + (bytes[at + 1] === 0x75 ? ESCAPE_BYTES_MAX : 2)

function unescaped(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
}
