import { chmod, mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'

import type { PostgresBinaries } from './find-binaries.ts'

/**
 * Creates the library links that the binaries need in `folder`, at every start, since the packages may have
 * moved. Returns the binaries with that folder among their library folders.
 */
export async function linkLibraries(
  binaries: PostgresBinaries,
  folder: string,
): Promise<PostgresBinaries> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  await chmod(folder, 0o755) // independent of umask: another user may run the programs
  for (const [name, target] of Object.entries(binaries.libraryLinks)) {
    await symlink(target, join(folder, name))
  }
  // Libraries search for each other beside the link, not the file, so both folders are needed.
  return { ...binaries, libraryFolders: [folder, ...binaries.libraryFolders] }
}
