import { open, readFile, rename, stat } from 'node:fs/promises'

import type { Clock } from '@sluice/kernel/clock'

import type { Cluster } from './cluster.ts'
import { hasCode } from './error-code.ts'
import { findFreePort } from './find-free-port.ts'
import type { Postmaster } from './postmaster.ts'
import { clearDeadPostmaster, waitForPostmaster } from './postmaster.ts'
import { startProgram } from './start-program.ts'

/** Crash recovery may take minutes; a normal start takes 0.1 s. */
const START_WAIT_MS = 300_000
const TRIES_MAX = 10
const RETRY_AFTER_MS = 300
const LOG_BYTES_MAX = 10 * 1024 * 1024
const LOG_TAIL_LINES = 12

// Accepts only password-authenticated loopback connections; no socket in a shared /tmp.
const ALWAYS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

// Another process took the port, or backends of a killed server are still ending.
const transient = ['could not bind', 'could not create any TCP/IP', 'pre-existing shared memory']

/** Starts the server, on a free port unless one is given, and waits until it accepts connections. */
export async function startPostmaster({
  cluster,
  settings,
  clock,
  port,
}: {
  cluster: Cluster
  settings: Record<string, string>
  clock: Clock
  port?: number | undefined
}): Promise<Postmaster> {
  for (let tries = 1; ; tries += 1) {
    const chosen = port ?? (await findFreePort())
    const started = await startOn({ cluster, settings, clock, port: chosen })
    if (typeof started !== 'string') return started
    if (tries === TRIES_MAX || !transient.some((reason) => started.includes(reason))) {
      throw new Error(`PostgreSQL did not start (${cluster.logFile}):\n${started}`)
    }
    await clock.sleep(RETRY_AFTER_MS)
  }
}

/** Returns the running server, or the end of its log when it did not start. */
async function startOn({
  cluster,
  settings,
  clock,
  port,
}: {
  cluster: Cluster
  settings: Record<string, string>
  clock: Clock
  port: number
}): Promise<Postmaster | string> {
  await clearDeadPostmaster(cluster)
  const logOffset = await rotateLog(cluster.logFile)
  const all = Object.entries({ ...settings, ...ALWAYS, port: String(port) })
  const hasExited = await startDetached(
    cluster,
    all.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  )
  const found = await waitForPostmaster({
    cluster,
    clock,
    timeoutMs: START_WAIT_MS,
    until: (postmaster) => hasExited() || postmaster?.status === 'ready',
  })
  if (found?.status === 'ready') return found
  const written = (await readFile(cluster.logFile)).subarray(logOffset).toString()
  return written.trim().split('\n').slice(-LOG_TAIL_LINES).join('\n')
}

// In its own session: Ctrl-C in a terminal signals every process of this one, and the server must outlive the
// requests that are still draining. It logs to a file, not to a pipe, so that it also survives a killed
// parent; the next start reuses it.
async function startDetached(cluster: Cluster, settings: string[]): Promise<() => boolean> {
  const log = await open(cluster.logFile, 'a', 0o600)
  try {
    const child = await startProgram(cluster, {
      program: cluster.binaries.postgres,
      dataFolder: cluster.dataFolder,
      args: (paths) => ['-D', paths.dataFolder, ...settings],
      output: log.fd,
      detached: true,
    })
    child.unref()
    return () => child.exitCode !== null || child.signalCode !== null
  } finally {
    await log.close()
  }
}

/** Rotates the log, keeping one old file. Returns the size of the current one. */
async function rotateLog(file: string): Promise<number> {
  try {
    const { size } = await stat(file)
    if (size < LOG_BYTES_MAX) return size
    await rename(file, `${file}.1`)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  return 0
}
