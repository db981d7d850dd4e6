import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'

import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

import { drainSource } from '../blob-source.ts'
import type { BlobFacts, PutOptions } from '../blob-store.ts'
import { writeTrailer } from './blob-file.ts'
import { FILE_MODE } from './publish-file.ts'

/** Writes a new file of a blob and syncs it. On failure an incomplete file may be left. */
export async function writeBlobFile(
  { clock }: { clock: Clock },
  { path, source, options }: { path: string; source: Uint8Array | Readable; options: PutOptions },
): Promise<BlobFacts> {
  const { contentType, bytesMax, note, signal } = options
  const handle = await mapToUnavailable(open(path, 'wx', FILE_MODE))
  try {
    const write = (chunk: Uint8Array) => mapToUnavailable(handle.appendFile(chunk))
    const { bytes, sha256 } = await drainSource({ source, bytesMax, signal, write })
    const storedAt = clock.now()
    const facts: BlobFacts = { contentType, bytes, sha256, storedAt, ...(note ? { note } : {}) }
    await write(writeTrailer(facts))
    // A walk reads the age from the mtime and need not open the file.
    await handle.utimes(storedAt, storedAt)
    await mapToUnavailable(handle.sync())
    return facts
  } finally {
    await handle.close()
  }
}

/** Maps an I/O error, such as a full disk or a lost mount, to `unavailable`, which callers may retry. */
export async function mapToUnavailable<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (cause) {
    throw new AppError('unavailable', 'the blob store is not writable', { cause })
  }
}
