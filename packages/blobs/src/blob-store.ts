import type { Readable } from 'node:stream'

export interface BlobFacts {
  contentType: string
  bytes: number
  /** Lower-case hex. */
  sha256: string
  storedAt: Date
}

export interface OpenBlob extends BlobFacts {
  /** The asked range, or all of it. Destroy it when it is not read to its end. */
  stream: Readable
}

/**
 * Stored bytes by key. Keys are `[a-z0-9_-]` segments joined by `/`, at most 200 characters; others are refused.
 * A blob appears whole or not at all; putting the same key again replaces it atomically.
 */
export interface BlobStore {
  /** Stores bytes; durable (synced) when it resolves. `bytesMax` is the cap: beyond it, `body_too_large`. */
  put(
    key: string,
    source: Uint8Array | Readable,
    options: { contentType: string; bytesMax: number; signal?: AbortSignal },
  ): Promise<BlobFacts>
  /** Facts without the bytes; undefined when there is no such blob. */
  stat(key: string): Promise<BlobFacts | undefined>
  /** Opens a blob, or a range of it (`end` is inclusive); undefined when there is no such blob. */
  open(key: string, range?: { start: number; end: number }): Promise<OpenBlob | undefined>
  /** All bytes of a blob; undefined when there is no such blob. */
  read(key: string): Promise<Uint8Array | undefined>
  /** Removes a blob; removing what is not there is fine. */
  remove(key: string): Promise<void>
  /** Keys below a prefix, oldest first, for sweeps. */
  list(prefix: string, options: { storedBefore?: Date; limit: number }): Promise<string[]>
  /** Rejects with `unavailable` when bytes cannot be written now; for /ready. */
  check(): Promise<void>
}
