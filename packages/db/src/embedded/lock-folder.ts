/**
 * One process a data folder. The lock is a file that names its holder; the lock of a dead process
 * is taken over. Node has no flock, and read-judge-replace would let two takers win, so a taker
 * must first create the one file that is named for the dead holder's token: link(2) lets exactly one
 * succeed, ever. A taker that dies there is itself a dead holder, and the next one goes on from it.
 * A lock is on disk before it appears under its name, so an empty or torn one is what a power cut left of
 * an older release's: its holder is dead.
 */
import { createHash } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Random } from '@sluice/kernel/random'
import { systemRandom } from '@sluice/kernel/random'

import { syncFolder } from './create-whole.ts'
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

/** Takes the folder for this process, or throws a sentence that names who has it. */
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
    await take(lock, mine)
    await syncFolder(folder)
  } finally {
    await rm(mine, { force: true })
  }
  return { release: () => release(lock, self) }
}

async function release(lock: string, self: Holder): Promise<void> {
  if ((await readHolder(lock))?.token === self.token) await rm(lock)
}

async function take(lock: string, mine: string): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    if (await linked(mine, lock)) return
    const first = await readHolder(lock)
    if (first !== undefined && (await takeOver({ lock, mine, first }))) return
  }
  throw new Error(`The lock ${lock} changes hands too often; is something starting in a loop?`)
}

/** Follows the chain of dead holders to its end. False when the chain changed under us. */
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
    if (await linked(mine, next)) {
      // Someone may have ended the chain and swept it away between our look and our link.
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

async function linked(from: string, to: string): Promise<boolean> {
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
  if (parsed === undefined && isTorn(text)) return deadHolder(text)
  const { pid, identity, token } = parsed ?? {}
  if (typeof pid !== 'number' || typeof identity !== 'string' || typeof token !== 'string') {
    throw new Error(`${path} is not a lock of ours; remove it if nothing runs on this folder.`)
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

// What a filesystem leaves of a file whose bytes never reached the disk: none, zeros, or the beginning.
const isTorn = (text: string) => /^[\0\s]*$/.test(text) || text.startsWith('{')

// No process has the number 0. The token names this content, so that takers of it meet at one file.
function deadHolder(text: string): Holder {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32)
  return { pid: 0, identity: 'torn', token: `torn-${digest}` }
}

function inUse(lock: string, { pid }: Holder): Error {
  return new Error(
    `Process ${pid} runs on this data folder already (${lock}). ` +
      'Stop it first, or choose another data folder.',
  )
}
