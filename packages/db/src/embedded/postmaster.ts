import { readFile, readlink, realpath, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'

import type { Clock } from '@sluice/kernel/clock'

import type { Cluster } from './cluster.ts'
import { hasCode } from './error-code.ts'
import { readCommandName, readProcessIdentity } from './process-identity.ts'

const POLL_MS = 20
const STOP_WAIT_MS = 30_000

/** A running server of a cluster, as described by its postmaster.pid. */
export interface Postmaster {
  pid: number
  port: number
  status: 'starting' | 'ready' | 'stopping' | 'standby'
}

/** The running server of this data folder; undefined if none runs. Changes nothing. */
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
 * Removes the postmaster.pid of a dead server. Only for the holder of the folder's lock: a server that
 * another process starts meanwhile would shut down when its file is removed. PostgreSQL checks the pid alone,
 * so a reused pid, or a zombie that is never reaped (common in containers), would prevent its start.
 * PostgreSQL itself detects surviving backends by its shared memory.
 */
export async function clearDeadPostmaster(cluster: Pick<Cluster, 'dataFolder'>): Promise<void> {
  if ((await findPostmaster(cluster)) !== undefined) return
  await rm(join(cluster.dataFolder, 'postmaster.pid'), { force: true })
}

/** Polls until the condition holds or the time is over. Returns the last state found. */
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
    await clock.sleep(POLL_MS)
  }
}

/** Stops the server with a fast shutdown; if it hangs, with an immediate one. Neither loses data. */
export async function stopPostmaster({
  cluster,
  clock,
}: {
  cluster: Pick<Cluster, 'dataFolder'>
  clock: Clock
}): Promise<void> {
  const isStopped = (postmaster: Postmaster | undefined) => postmaster === undefined
  // After an immediate shutdown, the next start recovers from the write-ahead log.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    const running = await findPostmaster(cluster)
    if (running === undefined) return
    sendSignal(running.pid, signal)
    await waitForPostmaster({ cluster, clock, timeoutMs: STOP_WAIT_MS, until: isStopped })
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}

// A postmaster's working directory is its data folder; only Linux exposes it. Root in a container may be
// permitted to read the name of another user's process but not its working directory.
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
