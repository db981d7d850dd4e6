import { Readable } from 'node:stream'

import { assert } from '@sluice/kernel/assert'
import type { Clock } from '@sluice/kernel/clock'

import { checkBlobKey, checkBlobPrefix } from './blob-key.ts'
import { drainSource } from './blob-source.ts'
import type { BlobFacts, BlobStore } from './blob-store.ts'
import { NOTE_BYTES_MAX } from './blob-store.ts'
import { listOldest } from './list-oldest.ts'

/** The in-memory implementation of the blob store, for tests. */
export function createMemoryBlobStore({ clock }: { clock: Clock }): BlobStore {
  const blobs = new Map<string, { facts: BlobFacts; content: Buffer }>()

  const find = (key: string) => {
    checkBlobKey(key)
    return blobs.get(key)
  }

  const store: BlobStore = {
    put: async (key, source, { contentType, bytesMax, note, ifAbsent = false, signal }) => {
      checkBlobKey(key)
      assert(Buffer.byteLength(note ?? '') <= NOTE_BYTES_MAX, 'the note of a blob is too long')
      const chunks: Uint8Array[] = []
      const write = async (chunk: Uint8Array) => void chunks.push(Uint8Array.from(chunk))
      const { bytes, sha256 } = await drainSource({ source, bytesMax, signal, write })
      const known = blobs.get(key)
      if (ifAbsent && known) return known.facts
      const storedAt = clock.now()
      const facts: BlobFacts = { contentType, bytes, sha256, storedAt, ...(note ? { note } : {}) }
      blobs.set(key, { facts, content: Buffer.concat(chunks) })
      return facts
    },
    stat: async (key) => find(key)?.facts,
    open: async (key, range) => {
      const blob = find(key)
      if (!blob) return undefined
      const { start = 0, end = Infinity } = range ?? {}
      const part = blob.content.subarray(start, Math.min(end + 1, blob.content.byteLength))
      return { ...blob.facts, stream: Readable.from(part.byteLength > 0 ? [part] : []) }
    },
    read: async (key) => {
      const blob = find(key)
      return blob && Uint8Array.from(blob.content)
    },
    remove: async (key) => {
      checkBlobKey(key)
      blobs.delete(key)
    },
    list: (prefix, options) => listOldest(store.walk(prefix), options),
    walk: (prefix) => {
      checkBlobPrefix(prefix)
      return walkBlobs(blobs, prefix)
    },
    check: async () => {},
  }
  return store
}

async function* walkBlobs(blobs: Map<string, { facts: BlobFacts }>, prefix: string) {
  for (const [key, { facts }] of blobs) {
    if (key.startsWith(prefix)) yield { key, storedAt: facts.storedAt }
  }
}
