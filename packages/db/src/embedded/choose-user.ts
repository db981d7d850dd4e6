import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** How a PostgreSQL program is started: as whom, and behind which words. */
export interface ProgramUser {
  /** Unset: as whom we run ourselves. */
  uid?: number
  gid?: number
  /** Words before the program's own path. */
  prefix: string[]
}

const SETPRIV_TIMEOUT_MS = 5_000

/** PostgreSQL refuses to run as root: then it is the folder's owner who runs it, or `nobody`. */
export function chooseUser(folder: string): ProgramUser {
  if (process.getuid?.() !== 0) return { prefix: [] }
  const owner = statSync(folder)
  const user = owner.uid === 0 ? findNobody() : { uid: owner.uid, gid: owner.gid }
  return { ...user, prefix: [] }
}

/**
 * Where that user cannot reach its files (a checkout below /root, mode 0700) it gets the one
 * capability to pass through folders, if we have it to give.
 */
export function reachAll(user: ProgramUser, paths: string[]): ProgramUser {
  const { uid, gid } = user
  if (uid === undefined || gid === undefined) return user
  const blocked = paths.flatMap(foldersOf).find((path) => !maySearch({ uid, gid }, path))
  if (blocked === undefined) return user
  return { uid, gid, prefix: passThrough({ uid, gid }, blocked) }
}

/** Gives a file or folder to the user who runs PostgreSQL, when that is not us. */
export async function giveTo({ uid, gid }: ProgramUser, path: string): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
}

interface User {
  uid: number
  gid: number
}

function findNobody(): User {
  const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))
  // Debian's and everybody's number where the file does not list it.
  return line ? { uid: Number(line[1]), gid: Number(line[2]) } : { uid: 65_534, gid: 65_534 }
}

function foldersOf(path: string): string[] {
  const parent = dirname(resolve(path))
  return parent === resolve(path) ? [parent] : [...foldersOf(parent), parent]
}

function maySearch(user: User, folder: string): boolean {
  const { mode, uid, gid } = statSync(folder)
  if (uid === user.uid) return (mode & 0o100) !== 0
  if (gid === user.gid) return (mode & 0o010) !== 0
  return (mode & 0o001) !== 0
}

// capabilities(7): read and search only is enough, but containers often hold only the wider one.
const CAPABILITIES = [
  { name: 'dac_read_search', bit: 2n },
  { name: 'dac_override', bit: 1n },
]

function passThrough({ uid, gid }: User, blocked: string): string[] {
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : ''
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  const capability = CAPABILITIES.find(({ bit }) => (held >> bit) & 1n)
  const setpriv = spawnSync('setpriv', ['--version'], { timeout: SETPRIV_TIMEOUT_MS })
  if (capability === undefined || setpriv.status !== 0) {
    throw new Error(
      `PostgreSQL does not run as root, and user ${uid} cannot pass through ${blocked}. ` +
        'Start as an ordinary user, move the checkout or the data folder to where everybody may ' +
        `pass, or allow it with: chmod o+x ${blocked}`,
    )
  }
  const caps = `+${capability.name}`
  const as = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  return ['setpriv', ...as, `--inh-caps=${caps}`, `--ambient-caps=${caps}`, '--']
}
