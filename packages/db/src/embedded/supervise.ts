import type { Clock } from '@sluice/kernel/clock'

import type { Cluster } from './cluster.ts'
import { findPostmaster } from './postmaster.ts'

const LOOK_EVERY_MS = 250
const BACKOFF_MS = { first: 100, last: 30_000 }
/** A server that ran for so long was well: its next end is the first one again. */
const STEADY_MS = 60_000

/** Keeps a server running. */
export interface Supervisor {
  /** Undefined while it runs; else what happened, in a sentence for an operator. */
  trouble(): string | undefined
  /** No start begins after this; resolves when the one that runs has ended. */
  stop(): Promise<void>
}

/**
 * Starts the server again whenever it has gone without being asked to, however it died. A start that fails is
 * tried again, ever more seldom. One that hangs without having ended is left alone: what a stopped process
 * holds is safe, and it may go on any moment.
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
  log: (sentence: string) => void
}): Supervisor {
  let isStopped = false
  let trouble: string | undefined
  let round: Promise<void> | undefined
  let failures = 0
  let nextMs = Number.NEGATIVE_INFINITY
  let startedMs = clock.monotonicMs()

  const startAgain = async () => {
    if (failures === 0) log('PostgreSQL has ended without being asked to; starting it again')
    trouble = 'PostgreSQL has ended and is being started again'
    const waitMs = Math.min(BACKOFF_MS.first * 2 ** failures, BACKOFF_MS.last)
    failures += 1
    nextMs = clock.monotonicMs() + waitMs
    try {
      await restart()
    } catch (error) {
      trouble = `PostgreSQL could not be started again: ${String(error)}`
      log(trouble)
      return
    }
    startedMs = clock.monotonicMs()
    trouble = undefined
    log('PostgreSQL runs again')
  }

  const look = async () => {
    if (clock.monotonicMs() < nextMs) return
    const isRunning = (await findPostmaster(cluster)) !== undefined
    if (isStopped) return
    if (!isRunning) await startAgain()
    else if (clock.monotonicMs() - startedMs > STEADY_MS) failures = 0
  }

  const cancel = clock.every(LOOK_EVERY_MS, () => {
    round ??= look()
      .catch((error: unknown) => log(`cannot look after PostgreSQL: ${String(error)}`))
      .finally(() => (round = undefined))
  })
  return {
    trouble: () => trouble,
    stop: async () => {
      isStopped = true
      cancel()
      await round
    },
  }
}
