/**
 * A file of the usage spool that this process appends to. Writes, truncation and closing are serialized, so
 * that nothing is truncated that was just written.
 */
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Byte range of a file. */
export interface Part {
  offset: number
  length: number
}

export interface SpoolSegment {
  readonly name: string
  readonly startedAtMs: number
  /** Bytes in the file. */
  bytes(): number
  /** Appends text. Resolves with its range; after a rejection the write may be partial: append no more. */
  append(text: string): Promise<Part>
  /** Empty when another process has sent and removed the whole file. */
  read(part: Part): Promise<string>
  /** Resolves when the appended text would survive a power failure. */
  sync(): Promise<void>
  /** Truncates the file for reuse, if `mayClear` still returns true when the operation runs. */
  clear(mayClear: () => boolean): Promise<void>
  /** Nothing can be appended afterwards; it can still be read. */
  close(): Promise<void>
}

/** Creates the file; rejects when its folder does not exist. */
export async function createSegment(
  folder: string,
  { name, startedAtMs }: { name: string; startedAtMs: number },
): Promise<SpoolSegment> {
  const path = join(folder, name)
  const file = await open(path, 'ax+', 0o600)
  let bytes = 0
  let isInFolder = false
  let isOpen = true
  let last: Promise<unknown> = Promise.resolve()
  const serialized = <T>(act: () => Promise<T>): Promise<T> => {
    const result = last.then(act, act)
    last = result
    return result
  }

  return {
    name,
    startedAtMs,
    bytes: () => bytes,
    append: (text) =>
      serialized(async () => {
        const offset = bytes
        await file.appendFile(text)
        const length = Buffer.byteLength(text)
        bytes += length
        return { offset, length }
      }),
    read: (part) => (isOpen ? readPart(file, part) : readClosed(path, part)),
    async sync() {
      if (isOpen) await file.sync()
      // A new file survives a power failure only once its folder is synced, too.
      if (!isInFolder) await syncPath(dirname(path))
      isInFolder = true
    },
    clear: (mayClear) =>
      serialized(async () => {
        if (!isOpen || !mayClear()) return
        await file.truncate(0)
        bytes = 0
      }),
    close: () =>
      serialized(async () => {
        if (!isOpen) return
        // Set first, so that nothing uses a handle that is being closed.
        isOpen = false
        await file.close()
      }),
  }
}

async function readPart(file: FileHandle, { offset, length }: Part): Promise<string> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, offset)
  return bytes.toString('utf8', 0, bytesRead)
}

async function readClosed(path: string, part: Part): Promise<string> {
  const file = await open(path, 'r').catch(ifAbsent)
  if (!file) return ''
  try {
    return await readPart(file, part)
  } finally {
    await file.close()
  }
}

/** Rejection handler: undefined when the path does not exist; rethrows any other error. */
export function ifAbsent(error: unknown): undefined {
  if (!isAbsent(error)) throw error
}

export const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

/** Resolves when a file's bytes, or a folder's entries, are on disk. */
export async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
