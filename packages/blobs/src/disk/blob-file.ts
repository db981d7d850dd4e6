/**
 * A blob on disk is one file: the bytes, then the facts as JSON, the length of the JSON and a magic
 * number. One rename publishes bytes and facts atomically; and as picture formats ignore trailing
 * bytes, any viewer can still open the file.
 */
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'

import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'

import type { BlobFacts } from '../blob-store.ts'
import { NOTE_BYTES_MAX } from '../blob-store.ts'
import { isErrno } from './errno.ts'
import { restrictFileToOwner } from './publish-file.ts'

const MAGIC = Buffer.from('SLCBLOB1')
const FOOT_BYTES = 4 + MAGIC.byteLength
/** The first read from the end of the file; large enough for the facts of nearly every blob. */
const TAIL_BYTES = 4_096

/** Encodes the facts of a blob as the trailer of its file. */
export function writeTrailer(facts: BlobFacts): Uint8Array {
  const note = Buffer.byteLength(facts.note ?? '')
  assert(note <= NOTE_BYTES_MAX, 'the note of a blob is too long')
  const { storedAt, ...rest } = facts
  const json = Buffer.from(JSON.stringify({ ...rest, storedAt: storedAt.toISOString() }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.byteLength)
  return Buffer.concat([json, length, MAGIC])
}

/** Opens the file of a blob and reads its facts; undefined if there is none. The caller closes the handle. */
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
  await restrictFileToOwner(handle, mode)
  const tail = await readEnd(handle, { size, length: Math.min(TAIL_BYTES, size) })
  if (tail.byteLength < FOOT_BYTES || !tail.subarray(-MAGIC.byteLength).equals(MAGIC)) {
    throw damaged()
  }
  const length = tail.readUInt32LE(tail.byteLength - FOOT_BYTES)
  const trailerBytes = length + FOOT_BYTES
  if (trailerBytes > size) throw damaged()
  const end =
    trailerBytes <= tail.byteLength ? tail : await readEnd(handle, { size, length: trailerBytes })
  const facts = parseFacts(end.subarray(end.byteLength - trailerBytes, -FOOT_BYTES))
  if (facts.bytes + trailerBytes !== size) throw damaged()
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
