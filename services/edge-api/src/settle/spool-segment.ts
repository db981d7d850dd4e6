/**
 * A file of the usage spool that this process appends to. Writing, clearing and closing take turns, so that
 * nothing is cleared that has just been written.
 */
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Bytes of a file. */
export interface Part {
  offset: number
  length: number
}

export interface SpoolSegment {
  readonly name: string
  readonly startedAtMs: number
  /** Bytes in the file. */
  bytes(): number
  /** Appends text. Resolves with where it is; rejects when it was not written whole, then append no more. */
  append(text: string): Promise<Part>
  /** Empty when another process has sent the whole file and removed it. */
  read(part: Part): Promise<string>
  /** Resolves when what was appended would survive a power cut. */
  sync(): Promise<void>
  /** Empties the file, to be appended to again; only when `mayClear` still says so in its turn. */
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
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const turn = last.then(act, act)
    last = turn
    return turn
  }

  return {
    name,
    startedAtMs,
    bytes: () => bytes,
    append: (text) =>
      inTurn(async () => {
        const offset = bytes
        await file.appendFile(text)
        const length = Buffer.byteLength(text)
        bytes += length
        return { offset, length }
      }),
    read: (part) => (isOpen ? readPart(file, part) : readClosed(path, part)),
    async sync() {
      if (isOpen) await file.sync()
      // A new file survives a power cut only once its folder is synced, too.
      if (!isInFolder) await syncPath(dirname(path))
      isInFolder = true
    },
    clear: (mayClear) =>
      inTurn(async () => {
        if (!isOpen || !mayClear()) return
        await file.truncate(0)
        bytes = 0
      }),
    close: () =>
      inTurn(async () => {
        if (!isOpen) return
        // First, so that nothing begins on a handle that is being closed.
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

/** For a rejection: undefined when the path does not exist; throws any other error. */
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
