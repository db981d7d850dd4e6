import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { promisify } from 'node:util'

import { hasCode } from './error-code.ts'

/** The user that a PostgreSQL program runs as; without ids, the user of this process. */
export interface ProgramUser {
  uid?: number
  gid?: number
}

const CHECK_TIMEOUT_MS = 10_000

/**
 * The user for the programs of a cluster in this folder. PostgreSQL refuses to run as root; for root it is
 * the folder's owner, or `nobody` if root owns the folder.
 */
export function chooseUser(folder: string): ProgramUser {
  if (process.getuid?.() !== 0) return {}
  const owner = statSync(folder)
  return owner.uid === 0 ? findNobody() : { uid: owner.uid, gid: owner.gid }
}

/**
 * Changes the owner of a file or folder to the user that runs PostgreSQL. Throws an explanation if root may
 * not.
 */
export async function changeOwner(user: ProgramUser, path: string): Promise<void> {
  const { uid, gid } = user
  if (uid === undefined || gid === undefined) return
  try {
    await chown(path, uid, gid)
  } catch (cause) {
    throw cannotChange(user, `${path} cannot be owned by that user`, cause)
  }
}

/**
 * Whether a shell script succeeds as this user, with `args` as $1, $2, …. The kernel checks the user's actual
 * rights, including modes, access control lists and mount options.
 */
export async function succeedsAs(
  user: ProgramUser,
  script: string,
  { args, env = {} }: { args: string[]; env?: Record<string, string> },
): Promise<boolean> {
  try {
    await promisify(execFile)('/bin/sh', ['-c', script, 'sh', ...args], {
      ...user,
      cwd: '/',
      env,
      timeout: CHECK_TIMEOUT_MS,
    })
    return true
  } catch (error) {
    // A number is the exit code of the shell; otherwise the shell was not started.
    if (error instanceof Error && 'code' in error && typeof error.code === 'number') return false
    if (hasCode(error, 'EPERM') || hasCode(error, 'EINVAL')) {
      throw cannotChange(user, 'no program can be started as that user', error)
    }
    throw error
  }
}

/** Whether the user can enter the folder by its path and read it. */
export function canEnter(user: ProgramUser, folder: string): Promise<boolean> {
  return succeedsAs(user, 'test -r "$1" && test -x "$1"', { args: [folder] })
}

// Containers may lack the capabilities CHOWN, SETUID and SETGID or run in a user namespace that maps only
// root; some file systems have no owners.
function cannotChange({ uid }: ProgramUser, what: string, cause: unknown): Error {
  return new Error(
    `PostgreSQL does not run as root, so it needs user ${uid}, but ${what}. ` +
      'Start as an ordinary user, or set DATABASE_URL to a PostgreSQL 15 or later.',
    { cause },
  )
}

function findNobody(): Required<ProgramUser> {
  const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))
  // The id on Debian and most other systems.
  return line ? { uid: Number(line[1]), gid: Number(line[2]) } : { uid: 65_534, gid: 65_534 }
}
