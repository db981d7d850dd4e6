import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { promisify } from 'node:util'

import { hasCode } from './error-code.ts'

/** As which user a PostgreSQL program is started; without ids, as the user who runs this process. */
export interface ProgramUser {
  uid?: number
  gid?: number
}

const CHECK_TIMEOUT_MS = 10_000

/**
 * The user for the programs of a cluster in this folder. PostgreSQL refuses to run as root; then it is
 * the folder's owner, or `nobody` where root owns the folder.
 */
export function chooseUser(folder: string): ProgramUser {
  if (process.getuid?.() !== 0) return {}
  const owner = statSync(folder)
  return owner.uid === 0 ? findNobody() : { uid: owner.uid, gid: owner.gid }
}

/** Gives a file or folder to the user who runs PostgreSQL. Throws a sentence where root may not. */
export async function giveTo(user: ProgramUser, path: string): Promise<void> {
  const { uid, gid } = user
  if (uid === undefined || gid === undefined) return
  try {
    await chown(path, uid, gid)
  } catch (cause) {
    throw cannotChange(user, `${path} cannot be given to that user`, cause)
  }
}

/**
 * Whether a shell command succeeds as this user, with `words` as its arguments $1, $2, …. The kernel
 * decides with that user's own rights, which covers modes, access control lists and mount options.
 */
export async function succeedsAs(
  user: ProgramUser,
  script: string,
  { words, env = {} }: { words: string[]; env?: Record<string, string> },
): Promise<boolean> {
  try {
    await promisify(execFile)('/bin/sh', ['-c', script, 'sh', ...words], {
      ...user,
      cwd: '/',
      env,
      timeout: CHECK_TIMEOUT_MS,
    })
    return true
  } catch (error) {
    // A number is the exit code of the shell; anything else means that it was not started.
    if (error instanceof Error && 'code' in error && typeof error.code === 'number') return false
    if (hasCode(error, 'EPERM') || hasCode(error, 'EINVAL')) {
      throw cannotChange(user, 'no program can be started as that user', error)
    }
    throw error
  }
}

/** Whether the user can enter the folder by its path and read it. */
export function mayEnter(user: ProgramUser, folder: string): Promise<boolean> {
  return succeedsAs(user, 'test -r "$1" && test -x "$1"', { words: [folder] })
}

// Containers may be started without the capabilities CHOWN, SETUID and SETGID, or in a user
// namespace that maps root only; some mounts know no owners.
function cannotChange({ uid }: ProgramUser, what: string, cause: unknown): Error {
  return new Error(
    `PostgreSQL does not run as root, so it needs user ${uid}, but ${what}. ` +
      'Start as an ordinary user, or set DATABASE_URL to a PostgreSQL 15 or later.',
    { cause },
  )
}

function findNobody(): Required<ProgramUser> {
  const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))
  // The number of Debian and most others where the file does not list it.
  return line ? { uid: Number(line[1]), gid: Number(line[2]) } : { uid: 65_534, gid: 65_534 }
}
