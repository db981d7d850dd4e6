import { delimiter } from 'node:path'

import type { PostgresBinaries } from './find-binaries.ts'
import type { ProgramUser } from './choose-user.ts'

/** The superuser of a cluster; the product itself works as an ordinary role. */
export const SUPERUSER = 'postgres'

/** Where one PostgreSQL keeps its things, and who runs it. */
export interface Cluster {
  /** Ours alone, 0700: everything below belongs to this server. */
  folder: string
  dataFolder: string
  passwordFile: string
  logFile: string
  binaries: PostgresBinaries
  user: ProgramUser
  /**
   * The user cannot enter `folder` by its path, because a folder above is closed to it (/root, mode
   * 0700). Its programs then reach the data through a descriptor; see start-program.
   */
  blocked: boolean
}

/** A fixed environment: PGDATA, PGPORT and their like of our caller must not leak in. */
export function programEnvironment({ libraryFolders }: PostgresBinaries): Record<string, string> {
  const libraryPath = libraryFolders.join(delimiter)
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    LC_ALL: 'C',
    TZ: 'UTC',
    LD_LIBRARY_PATH: libraryPath,
    DYLD_LIBRARY_PATH: libraryPath,
  }
}
