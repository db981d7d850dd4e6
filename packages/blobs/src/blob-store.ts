import type { Readable } from 'node:stream'

export interface BlobFacts {
  contentType: string
  bytes: number
  /** Lower-case hex. */
  sha256: string
  storedAt: Date
  /** What the writer said about it. */
  note?: string
}

/** The longest note, in bytes of UTF-8. */
export const NOTE_BYTES_MAX = 64 * 1024

export interface OpenBlob extends BlobFacts {
  /** The asked range, or all of it. Destroy it when it is not read to its end. */
  stream: Readable
}

export interface PutOptions {
  contentType: string
  bytesMax: number
  note?: string
  ifAbsent?: boolean
  signal?: AbortSignal
}

/**
 * Stored bytes by key. Keys are `[a-z0-9_-]` segments joined by `/`, at most 200 characters; others
 * are refused with `invalid_value`. A prefix is empty or ends with `/`.
 * A blob appears whole or not at all; putting the same key again replaces it atomically.
 */
export interface BlobStore {
  /**
   * Stores bytes; durable (synced) when it resolves. `bytesMax` is the cap: beyond it, `body_too_large`.
   * With `ifAbsent`, a blob that lies there already stays, and its facts are answered: of two writers
   * the first wins, and the second learns what it wrote.
   */
  put(key: string, source: Uint8Array | Readable, options: PutOptions): Promise<BlobFacts>
  /** Facts without the bytes; undefined when there is no such blob. */
  stat(key: string): Promise<BlobFacts | undefined>
  /** Opens a blob, or a range of it (`end` is inclusive); undefined when there is no such blob. */
  open(key: string, range?: { start: number; end: number }): Promise<OpenBlob | undefined>
  /** All bytes of a blob; undefined when there is no such blob. */
  read(key: string): Promise<Uint8Array | undefined>
  /** Removes a blob; removing what is not there is fine. */
  remove(key: string): Promise<void>
  /** Keys below a prefix, oldest first. Looks at every blob below it, so the prefix should be narrow. */
  list(prefix: string, options: { storedBefore?: Date; limit: number }): Promise<string[]>
  /** Every blob below a prefix, in no order, a page at a time; for sweeps. */
  walk(prefix: string): AsyncIterable<{ key: string; storedAt: Date }>
  /** Rejects with `unavailable` when bytes cannot be written now; for /ready. */
  check(): Promise<void>
}
