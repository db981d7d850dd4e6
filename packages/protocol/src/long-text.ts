/** Longer pieces are handed out as they are, shorter ones as text. */
const SHORT_BYTES = 8 * 1024
const BACKSLASH = 0x5c
const ESCAPE_BYTES_MAX = 6

/**
 * A long string of a JSON body that was never built: the bytes between its quotes, escapes unresolved. To build,
 * parse and check twenty megabytes of base64 at once would hold everybody else up.
 */
export class LongText {
  readonly #bytes: Buffer

  /** `bytes` were checked to be the inside of a JSON string. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** No fewer than its characters; at most six for each UTF-16 unit. */
  get byteLength(): number {
    return this.#bytes.length
  }

  /** All of it as text. Throws SyntaxError for an escape that JSON does not have. */
  text(): string {
    return unescaped(this.#bytes)
  }

  /** The position of these ASCII characters, none of which is written in escapes; -1 when they are not there. */
  indexOf(word: string, from = 0): number {
    return this.#bytes.indexOf(word, from, 'latin1')
  }

  lastIndexOf(word: string, from: number): number {
    return from < 0 ? -1 : this.#bytes.lastIndexOf(word, from, 'latin1')
  }

  /** A piece by positions: text where it is short, else another view of the same bytes. */
  slice(start: number, end = this.#bytes.length): string | LongText {
    const piece = this.#bytes.subarray(start, end)
    return piece.length <= SHORT_BYTES ? unescaped(piece) : new LongText(piece)
  }

  /** Its first bytes as text; an escape is not cut in two. */
  head(bytes: number): string {
    return unescaped(this.#bytes.subarray(0, this.#cut(bytes)))
  }

  /** All of it in pieces of about so many bytes. Throws SyntaxError as `text` does. */
  *pieces(bytes: number): Generator<string, void, void> {
    for (let start = 0; start < this.#bytes.length;) {
      const end = this.#cut(start + bytes)
      yield unescaped(this.#bytes.subarray(start, end))
      start = end
    }
  }

  /** The last position up to `end` that is inside of no escape and no character. */
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

/** True for a backslash that stands behind an even number of others. */
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
