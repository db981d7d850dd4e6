import { chmod, mkdir } from 'node:fs/promises'

import { hasCode } from './error-code.ts'

/**
 * Makes the folder of an installation, closed to other users whatever the umask (0700). One that is there
 * is corrected, unless it belongs to another user, as a mounted volume may.
 */
export async function ownFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  try {
    await chmod(folder, 0o700)
  } catch (error) {
    if (!hasCode(error, 'EPERM') && !hasCode(error, 'EROFS')) throw error
  }
}
