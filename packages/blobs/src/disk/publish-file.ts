import { link, lstat, mkdir, open, rename } from 'node:fs/promises'
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

/** Makes a folder below `parent`, durably. */
export async function ensureFolder({
  parent,
  name,
}: {
  parent: string
  name: string
}): Promise<void> {
  const made = await mkdir(join(parent, name), { recursive: true })
  if (made !== undefined) await syncFolder(parent)
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
