import type { FileHandle } from 'node:fs/promises'
import { chmod, link, lstat, mkdir, open, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { ignoringAbsence, isErrno } from './errno.ts'

/**
 * Gives a finished, synced file its name, durably. False when `ifAbsent` and the name is taken. The
 * temporary name may still be there afterwards.
 */
export async function publishFile({
  temporary,
  path,
  ifAbsent,
}: {
  temporary: string
  path: string
  ifAbsent: boolean
}): Promise<boolean> {
  if (!ifAbsent) await rename(temporary, path)
  else if (!(await linkIfAbsent(temporary, path))) return false
  await syncFolder(dirname(path))
  return true
}

/** For the owner only: pictures are their callers', and nobody else on this machine is one. */
export const FOLDER_MODE = 0o700
export const FILE_MODE = 0o600

/** Makes a folder below `parent`, durably, and closes it to others; also one that an older release made. */
export async function ensureFolder({
  parent,
  name,
}: {
  parent: string
  name: string
}): Promise<void> {
  const path = join(parent, name)
  const made = await mkdir(path, { recursive: true, mode: FOLDER_MODE })
  if (made !== undefined) await syncFolder(parent)
  await closeToOthers(path)
}

/** Takes a folder's permissions from everybody but its owner. A folder of another owner stays as it is. */
export async function closeToOthers(path: string): Promise<void> {
  const { mode } = await stat(path)
  if (isOpenToOthers(mode)) await unlessOperators(chmod(path, FOLDER_MODE))
}

/** The same for a file that is open and has this mode: one that an older release wrote is closed when it is read. */
export async function closeFileToOthers(handle: FileHandle, mode: number): Promise<void> {
  if (isOpenToOthers(mode)) await unlessOperators(handle.chmod(FILE_MODE))
}

const isOpenToOthers = (mode: number) => (mode & 0o077) !== 0

// A shared volume, or a file system without permissions: those are the operator's.
async function unlessOperators(change: Promise<void>): Promise<void> {
  try {
    await change
  } catch (error) {
    if (!isErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EROFS')) throw error
  }
}

// Some shared file systems know no links. There two writers may both find the name free, and the
// later one wins; the fence of a claim keeps two writers of one blob rare.
async function linkIfAbsent(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    if (!isErrno(error, 'EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP')) throw error
    if (await ignoringAbsence(lstat(path))) return false
    await rename(temporary, path)
    return true
  }
}

// Without this the file is on disk after a power cut, but its name may not be.
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
