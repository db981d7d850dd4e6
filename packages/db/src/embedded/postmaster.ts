import { readFile, readlink, realpath, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'

import type { Clock } from '@sluice/kernel/clock'

import type { Cluster } from './cluster.ts'
import { hasCode } from './error-code.ts'
import { readCommandName, readProcessIdentity } from './process-identity.ts'

const LOOK_EVERY_MS = 20
const STOP_WAIT_MS = 30_000

/** A running server of a cluster, as its own lock file tells. */
export interface Postmaster {
  pid: number
  port: number
  status: 'starting' | 'ready' | 'stopping' | 'standby'
}

/** The server that runs on this data, whoever started it; undefined if none does. Changes nothing. */
export async function findPostmaster(
  cluster: Pick<Cluster, 'dataFolder'>,
): Promise<Postmaster | undefined> {
  const lines = await readLines(join(cluster.dataFolder, 'postmaster.pid'))
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  if ((await readProcessIdentity(pid)) === undefined) return undefined
  if (!(await isPostgresOf(pid, cluster.dataFolder))) return undefined
  return { pid, port: Number(lines[3]), status: parseStatus(lines[7]) }
}

/**
 * Removes what a dead server left. For the holder of the folder's lock only: a server that somebody
 * else starts meanwhile would end itself when its file goes. PostgreSQL looks at the number alone, so
 * another program's, or that of a dead server which nobody has buried (in a container, maybe never),
 * would keep it from starting. Sessions that outlive their server are found by its shared memory.
 */
export async function clearDeadPostmaster(cluster: Pick<Cluster, 'dataFolder'>): Promise<void> {
  if ((await findPostmaster(cluster)) !== undefined) return
  await rm(join(cluster.dataFolder, 'postmaster.pid'), { force: true })
}

/** Waits until the server is in the state, or gone. Answers what it found. */
export async function waitForPostmaster({
  cluster,
  clock,
  timeoutMs,
  until,
}: {
  cluster: Pick<Cluster, 'dataFolder'>
  clock: Clock
  timeoutMs: number
  until: (postmaster: Postmaster | undefined) => boolean
}): Promise<Postmaster | undefined> {
  const lastMs = clock.monotonicMs() + timeoutMs
  for (;;) {
    const found = await findPostmaster(cluster)
    if (until(found) || clock.monotonicMs() > lastMs) return found
    await clock.sleep(LOOK_EVERY_MS)
  }
}

/** Ends sessions and the server, at once; then, if it hangs, harder. Its data is safe either way. */
export async function stopPostmaster({
  cluster,
  clock,
}: {
  cluster: Pick<Cluster, 'dataFolder'>
  clock: Clock
}): Promise<void> {
  const gone = (postmaster: Postmaster | undefined) => postmaster === undefined
  // Fast, then immediate shutdown; the latter recovers from the write-ahead log at the next start.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    const running = await findPostmaster(cluster)
    if (running === undefined) return
    sendSignal(running.pid, signal)
    await waitForPostmaster({ cluster, clock, timeoutMs: STOP_WAIT_MS, until: gone })
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}

// Only Linux tells where a process works; a postmaster never leaves its data folder. Root in a
// container may read the name of another user's process, but not its folder.
async function isPostgresOf(pid: number, dataFolder: string): Promise<boolean> {
  if (!basename(await readCommandName(pid)).startsWith('postgres')) return false
  if (process.platform !== 'linux') return true
  try {
    return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(dataFolder))
  } catch (error) {
    if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM')) return true
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return false
    throw error
  }
}

async function readLines(file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split('\n').map((line) => line.trim())
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

function parseStatus(line: string | undefined): Postmaster['status'] {
  if (line === 'ready' || line === 'stopping' || line === 'standby') return line
  return 'starting'
}
