import type { Clock } from '@sluice/kernel/clock'

import type { Cluster } from './cluster.ts'
import { findPostmaster } from './postmaster.ts'

const POLL_MS = 250
const BACKOFF_MS = { first: 100, last: 30_000 }
/** After running for this long, the server counts as healthy and the backoff is reset. */
const HEALTHY_AFTER_MS = 60_000

export interface Supervisor {
  /** Undefined while the server runs; otherwise a description for the operator. */
  problem(): string | undefined
  /** Prevents further restarts; resolves when a running one has ended. */
  stop(): Promise<void>
}

/**
 * Restarts the server whenever it has ended unexpectedly. A failed restart is retried with increasing delays.
 * A server that hangs without having ended is not restarted: it may resume, and its data is safe.
 */
export function superviseServer({
  cluster,
  clock,
  restart,
  log,
}: {
  cluster: Pick<Cluster, 'dataFolder'>
  clock: Clock
  restart: () => Promise<void>
  log: (message: string) => void
}): Supervisor {
  let isStopped = false
  let problem: string | undefined
  let round: Promise<void> | undefined
  let failures = 0
  let nextMs = Number.NEGATIVE_INFINITY
  let startedMs = clock.monotonicMs()

  const restartServer = async () => {
    if (failures === 0) log('PostgreSQL ended unexpectedly; restarting it')
    problem = 'PostgreSQL ended unexpectedly and is being restarted'
    const waitMs = Math.min(BACKOFF_MS.first * 2 ** failures, BACKOFF_MS.last)
    failures += 1
    nextMs = clock.monotonicMs() + waitMs
    try {
      await restart()
    } catch (error) {
      problem = `PostgreSQL could not be restarted: ${String(error)}`
      log(problem)
      return
    }
    startedMs = clock.monotonicMs()
    problem = undefined
    log('PostgreSQL is running again')
  }

  const check = async () => {
    if (clock.monotonicMs() < nextMs) return
    const isRunning = (await findPostmaster(cluster)) !== undefined
    if (isStopped) return
    if (!isRunning) await restartServer()
    else if (clock.monotonicMs() - startedMs > HEALTHY_AFTER_MS) failures = 0
  }

  const cancel = clock.every(POLL_MS, () => {
    round ??= check()
      .catch((error: unknown) =>
        log(`the state of PostgreSQL could not be checked: ${String(error)}`),
      )
      .finally(() => (round = undefined))
  })
  return {
    problem: () => problem,
    stop: async () => {
      isStopped = true
      cancel()
      await round
    },
  }
}
