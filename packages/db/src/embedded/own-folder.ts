import { chmod, mkdir } from 'node:fs/promises'

import { hasCode } from './error-code.ts'

/**
 * Makes the folder of an installation, closed to other users whatever the umask (0700). One that is there
 * is corrected, unless it belongs to another user, as a mounted volume may. Throws a sentence that says what to
 * do where it cannot be made.
 */
export async function ownFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `${folder} cannot be made (${why}). Set SLUICE_DATA_DIR to a folder that you may write to.`,
      { cause },
    )
  }
  try {
    await chmod(folder, 0o700)
  } catch (error) {
    if (!hasCode(error, 'EPERM') && !hasCode(error, 'EROFS')) throw error
  }
}
