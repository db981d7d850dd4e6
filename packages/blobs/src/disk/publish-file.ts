import type { FileHandle } from 'node:fs/promises'
import { chmod, link, lstat, mkdir, open, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { ignoreNotFound, isErrno } from './errno.ts'

/**
 * Gives a complete, synced file its final name, durably. False with `ifAbsent` when the name is taken. The
 * temporary name may still exist afterwards.
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

/** Readable by the owner only: pictures are private to their callers. */
export const FOLDER_MODE = 0o700
export const FILE_MODE = 0o600

/** Creates a folder below `parent`, durably, and restricts it to the owner, also an existing one. */
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
  await restrictToOwner(path)
}

/** Restricts a folder to its owner. A folder of another owner is left unchanged. */
export async function restrictToOwner(path: string): Promise<void> {
  const { mode } = await stat(path)
  if (isAccessibleToOthers(mode)) await ignoringUnsupported(chmod(path, FOLDER_MODE))
}

/** The same for an open file: one that an older release wrote is restricted when it is read. */
export async function restrictFileToOwner(handle: FileHandle, mode: number): Promise<void> {
  if (isAccessibleToOthers(mode)) await ignoringUnsupported(handle.chmod(FILE_MODE))
}

const isAccessibleToOthers = (mode: number) => (mode & 0o077) !== 0

// On a shared volume or a file system without permissions, the operator controls the access.
async function ignoringUnsupported(change: Promise<void>): Promise<void> {
  try {
    await change
  } catch (error) {
    if (!isErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EROFS')) throw error
  }
}

// Some shared file systems have no hard links. There two writers may both see the name as free, and the
// later one wins; the claim's fencing token makes two writers of one blob rare.
async function linkIfAbsent(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    if (!isErrno(error, 'EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP')) throw error
    if (await ignoreNotFound(lstat(path))) return false
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
