/**
 * Allows one process per data folder. The lock is a file that names its holder; the lock of a dead process is
 * taken over. Node has no flock, and read-check-replace would let two processes succeed, so a process must
 * first create the file named after the dead holder's token: link(2) succeeds for exactly one. A process that
 * dies after that is a dead holder itself, and the next one continues from its file. A lock is flushed before
 * it gets its name, so an empty or truncated one was left of an older release by a power failure: its holder
 * is dead.
 */
import { createHash } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Random } from '@sluice/kernel/random'
import { systemRandom } from '@sluice/kernel/random'

import { syncFolder } from './create-file.ts'
import { hasCode } from './error-code.ts'
import { readProcessIdentity } from './process-identity.ts'

const TRIES_MAX = 100

interface Holder {
  pid: number
  identity: string
  token: string
}

export interface FolderLock {
  release(): Promise<void>
}

/** Locks the folder for this process, or throws an error that names the process holding it. */
export async function lockFolder({
  folder,
  random = systemRandom,
}: {
  folder: string
  random?: Random
}): Promise<FolderLock> {
  const self: Holder = {
    pid: process.pid,
    identity: (await readProcessIdentity(process.pid)) ?? String(process.pid),
    token: Buffer.from(random.bytes(16)).toString('hex'),
  }
  const lock = join(folder, 'sluice.lock')
  const mine = `${lock}.${self.token}`
  await writeFile(mine, JSON.stringify(self), { mode: 0o600, flag: 'wx', flush: true })
  try {
    await acquire(lock, mine)
    await syncFolder(folder)
  } finally {
    await rm(mine, { force: true })
  }
  return { release: () => release(lock, self) }
}

async function release(lock: string, self: Holder): Promise<void> {
  if ((await readHolder(lock))?.token === self.token) await rm(lock)
}

async function acquire(lock: string, mine: string): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    if (await tryLink(mine, lock)) return
    const first = await readHolder(lock)
    if (first !== undefined && (await takeOver({ lock, mine, first }))) return
  }
  throw new Error(
    `The holder of the lock ${lock} changes too often; is a process restarting in a loop?`,
  )
}

/** Follows the chain of dead holders to its end. False when the chain changed meanwhile. */
async function takeOver({
  lock,
  mine,
  first,
}: {
  lock: string
  mine: string
  first: Holder
}): Promise<boolean> {
  const passed: string[] = []
  let holder: Holder | undefined = first
  while (holder !== undefined) {
    if ((await readProcessIdentity(holder.pid)) === holder.identity) throw inUse(lock, holder)
    const next = `${lock}.after.${holder.token}`
    passed.push(next)
    if (await tryLink(mine, next)) {
      // Another process may have taken over and removed the chain between the read and the link.
      if ((await readHolder(lock))?.token !== first.token) {
        await rm(next, { force: true })
        return false
      }
      await rename(next, lock)
      await Promise.all(passed.map((path) => rm(path, { force: true })))
      return true
    }
    holder = await readHolder(next)
  }
  return false
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
  return parseHolder(text, path)
}

function parseHolder(text: string, path: string): Holder {
  const parsed = parseJson(text)
  if (parsed === undefined && isTruncated(text)) return deadHolder(text)
  const { pid, identity, token } = parsed ?? {}
  if (typeof pid !== 'number' || typeof identity !== 'string' || typeof token !== 'string') {
    throw new Error(
      `${path} is not a lock of this server; remove it if no server uses this folder.`,
    )
  }
  return { pid, identity, token }
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : undefined
  } catch {
    return undefined
  }
}

// What remains of a file that was not flushed: nothing, zeros, or the beginning.
const isTruncated = (text: string) => /^[\0\s]*$/.test(text) || text.startsWith('{')

// No process has pid 0. The token is derived from the content, so that all processes contend for the same
// file.
function deadHolder(text: string): Holder {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32)
  return { pid: 0, identity: 'torn', token: `torn-${digest}` }
}

function inUse(lock: string, { pid }: Holder): Error {
  return new Error(
    `Process ${pid} already uses this data folder (${lock}). ` +
      'Stop it first, or choose another data folder.',
  )
}
