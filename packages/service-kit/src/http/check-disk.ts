import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

import { AppError } from '@sluice/kernel/app-error'

import type { HealthCheck } from './health.ts'

const MIB = 1024 * 1024

/**
 * A check for /ready: fails while a folder's file system has less than `freeBytesMin` available, and names
 * the folder. For a folder that does not exist yet, its nearest existing parent is checked.
 */
export function checkDisk({
  folders,
  freeBytesMin,
}: {
  /** Purpose of the folder → its path. */
  folders: Record<string, string>
  freeBytesMin: number
}): HealthCheck {
  return async () => {
    for (const [name, folder] of Object.entries(folders)) {
      const free = await freeBytes(resolve(folder))
      if (free >= freeBytesMin) continue
      const [has, needs] = [free, freeBytesMin].map((bytes) => `${Math.floor(bytes / MIB)} MiB`)
      throw new AppError(
        'unavailable',
        `the disk of the ${name} is full: ${has} are free, and ${needs} must be`,
      )
    }
  }
}

async function freeBytes(folder: string): Promise<number> {
  try {
    // `bavail` excludes the blocks reserved for root.
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isAbsent || dirname(folder) === folder) throw error
    return freeBytes(dirname(folder))
  }
}
