import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

import { AppError } from '@sluice/kernel/app-error'

import type { HealthCheck } from './health.ts'

const MIB = 1024 * 1024

/**
 * For /ready: fails while a folder's file system has less room than `freeBytesMin` for us, and names the
 * folder. A folder that is not there yet is judged by the one that it will be made in.
 */
export function checkDisk({
  folders,
  freeBytesMin,
}: {
  /** What the folder is for → its path. */
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
    // What ordinary users may take; the rest is reserved for root.
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isAbsent || dirname(folder) === folder) throw error
    return freeBytes(dirname(folder))
  }
}
