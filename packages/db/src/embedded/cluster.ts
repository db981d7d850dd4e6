import { delimiter } from 'node:path'

import type { PostgresBinaries } from './find-binaries.ts'
import type { ProgramUser } from './choose-user.ts'

/** The superuser of a cluster; the product itself uses an ordinary role. */
export const SUPERUSER = 'postgres'

/** The paths, binaries and user of one PostgreSQL server. */
export interface Cluster {
  /** Private (0700); contains all files of this server. */
  folder: string
  dataFolder: string
  passwordFile: string
  logFile: string
  binaries: PostgresBinaries
  user: ProgramUser
  /**
   * The user cannot enter `folder` by its path, because a parent folder is closed to it (/root, mode 0700).
   * Its programs then reach the data through an inherited descriptor (start-program.ts).
   */
  blocked: boolean
}

/** A fixed environment, so that PGDATA, PGPORT etc. of this process have no effect. */
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
