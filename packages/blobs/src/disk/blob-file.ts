/**
 * A blob on disk is one file: the bytes as they came, then the facts as JSON, their length and a
 * mark. One rename makes both visible together, which two files could not; and as picture formats
 * ignore what follows their end, the file still opens in any viewer.
 */
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'

import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'

import type { BlobFacts } from '../blob-store.ts'
import { NOTE_BYTES_MAX } from '../blob-store.ts'
import { isErrno } from './errno.ts'
import { closeFileToOthers } from './publish-file.ts'

const MARK = Buffer.from('SLCBLOB1')
const FOOT_BYTES = 4 + MARK.byteLength
/** Enough for the facts of nearly every blob in one read. */
const GUESS_BYTES = 4_096

/** What is written after the bytes of a blob. */
export function writeTrailer(facts: BlobFacts): Uint8Array {
  const note = Buffer.byteLength(facts.note ?? '')
  assert(note <= NOTE_BYTES_MAX, 'the note of a blob is too long')
  const { storedAt, ...rest } = facts
  const json = Buffer.from(JSON.stringify({ ...rest, storedAt: storedAt.toISOString() }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.byteLength)
  return Buffer.concat([json, length, MARK])
}

/** Opens the file of a blob with its facts; undefined when there is none. Close the handle. */
export async function openBlobFile(
  path: string,
): Promise<{ handle: FileHandle; facts: BlobFacts } | undefined> {
  const handle = await openIfThere(path)
  if (!handle) return undefined
  try {
    return { handle, facts: await readTrailer(handle) }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

async function readTrailer(handle: FileHandle): Promise<BlobFacts> {
  const { size, mode } = await handle.stat()
  await closeFileToOthers(handle, mode)
  const guess = await readEnd(handle, { size, length: Math.min(GUESS_BYTES, size) })
  if (guess.byteLength < FOOT_BYTES || !guess.subarray(-MARK.byteLength).equals(MARK)) {
    throw damaged()
  }
  const length = guess.readUInt32LE(guess.byteLength - FOOT_BYTES)
  const wanted = length + FOOT_BYTES
  if (wanted > size) throw damaged()
  const end = wanted <= guess.byteLength ? guess : await readEnd(handle, { size, length: wanted })
  const facts = parseFacts(end.subarray(end.byteLength - wanted, -FOOT_BYTES))
  if (facts.bytes + wanted !== size) throw damaged()
  return facts
}

async function readEnd(
  handle: FileHandle,
  { size, length }: { size: number; length: number },
): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length)
  if (bytesRead !== length) throw damaged()
  return buffer
}

function parseFacts(json: Buffer): BlobFacts {
  const facts: unknown = JSON.parse(json.toString())
  if (!isWrittenFacts(facts)) throw damaged()
  return { ...facts, storedAt: new Date(facts.storedAt) }
}

function isWrittenFacts(
  facts: unknown,
): facts is Omit<BlobFacts, 'storedAt'> & { storedAt: string } {
  return (
    typeof facts === 'object' &&
    facts !== null &&
    'bytes' in facts &&
    typeof facts.bytes === 'number' &&
    'storedAt' in facts &&
    typeof facts.storedAt === 'string'
  )
}

const damaged = () => new AppError('internal_error', 'the file of a blob is damaged')
