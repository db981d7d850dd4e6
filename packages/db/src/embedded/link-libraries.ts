import { chmod, mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'

import type { PostgresBinaries } from './find-binaries.ts'

/**
 * Makes `folder` hold the links that the binaries ask for, anew at every start, because packages may
 * have moved since. Answers the binaries with that folder among their library folders.
 */
export async function linkLibraries(
  binaries: PostgresBinaries,
  folder: string,
): Promise<PostgresBinaries> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  await chmod(folder, 0o755) // whatever the umask: another user may run the programs
  for (const [name, target] of Object.entries(binaries.libraryLinks)) {
    await symlink(target, join(folder, name))
  }
  // Libraries look for each other beside the link, not beside the file, so both folders are named.
  return { ...binaries, libraryFolders: [folder, ...binaries.libraryFolders] }
}
