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
  /** Symlinks to libraries; see find-binaries. */
  linkFolder: string
  passwordFile: string
  logFile: string
  binaries: PostgresBinaries
  user: ProgramUser
}

/** A fixed environment: PGDATA, PGPORT and their like of our caller must not leak in. */
export function programEnvironment({ linkFolder, binaries }: Cluster): Record<string, string> {
  // Libraries look for each other beside the link, not beside the file, so both folders are named.
  const libraryPath = [linkFolder, binaries.libraryFolder ?? []].flat().join(delimiter)
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    LC_ALL: 'C',
    TZ: 'UTC',
    LD_LIBRARY_PATH: libraryPath,
    DYLD_LIBRARY_PATH: libraryPath,
  }
}

/** The command line and spawn options that run `words` as `user`. */
export function withUser(
  { uid, gid, prefix }: ProgramUser,
  words: string[],
): { command: string[]; options: { uid?: number; gid?: number } } {
  const ids = uid === undefined || gid === undefined ? {} : { uid, gid }
  // setpriv changes the user by itself; the kernel drops capabilities when we do it here.
  return { command: [...prefix, ...words], options: prefix.length > 0 ? {} : ids }
}
