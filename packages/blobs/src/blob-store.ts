import type { Readable } from 'node:stream'

export interface BlobFacts {
  contentType: string
  bytes: number
  /** Lower-case hex. */
  sha256: string
  storedAt: Date
  /** Free text that the writer stored with the blob. */
  note?: string
}

/** The longest note, in bytes of UTF-8. */
export const NOTE_BYTES_MAX = 64 * 1024

export interface OpenBlob extends BlobFacts {
  /** The requested range, or the whole blob. Destroy it when it is not read to its end. */
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
 * are rejected with `invalid_value`. A prefix is empty or ends with `/`.
 * A blob becomes visible only when it is complete; putting the same key again replaces it atomically.
 */
export interface BlobStore {
  /**
   * Stores bytes; durable (synced) when it resolves. More than `bytesMax` bytes reject with `body_too_large`.
   * With `ifAbsent`, an existing blob is not replaced, and its facts are returned: of two concurrent
   * writers the first wins, and the second gets the facts of the first.
   */
  put(key: string, source: Uint8Array | Readable, options: PutOptions): Promise<BlobFacts>
  /** Facts without the bytes; undefined when there is no such blob. */
  stat(key: string): Promise<BlobFacts | undefined>
  /** Opens a blob, or a range of it (`end` is inclusive); undefined when there is no such blob. */
  open(key: string, range?: { start: number; end: number }): Promise<OpenBlob | undefined>
  /** All bytes of a blob; undefined when there is no such blob. */
  read(key: string): Promise<Uint8Array | undefined>
  /** Removes a blob; does nothing when there is none. */
  remove(key: string): Promise<void>
  /** Keys below a prefix, oldest first. Scans every blob below it, so the prefix should be narrow. */
  list(prefix: string, options: { storedBefore?: Date; limit: number }): Promise<string[]>
  /** Iterates over every blob below a prefix, in no particular order; for background scans. */
  walk(prefix: string): AsyncIterable<{ key: string; storedAt: Date }>
  /** Rejects with `unavailable` when the store is not writable; for /ready. */
  check(): Promise<void>
}
