import { chmod, mkdir } from 'node:fs/promises'

import { hasCode } from './error-code.ts'

/**
 * Creates a private folder (0700, independent of umask). The mode of an existing one is corrected, unless it
 * belongs to another user, as a mounted volume may. Throws an error with a remedy when it cannot be created.
 */
export async function createPrivateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `${folder} cannot be created (${why}). Set SLUICE_DATA_DIR to a folder that you may write to.`,
      { cause },
    )
  }
  try {
    await chmod(folder, 0o700)
  } catch (error) {
    if (!hasCode(error, 'EPERM') && !hasCode(error, 'EROFS')) throw error
  }
}
