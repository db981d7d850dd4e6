import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { Lifecycle } from './lifecycle.ts'

/**
 * One stop request may send two signals: one to the process group of the terminal or npm, and one from the
 * parent that forwards it. A second signal within this time is a duplicate.
 */
const DUPLICATE_SIGNAL_MS = 500

/** The members of `process` that are used. */
export interface Host {
  on(event: string, listener: (...facts: unknown[]) => void): unknown
  exit(code: number): void
}

/**
 * The end of every start: starts the parts, and ends the process on SIGTERM or SIGINT after
 * they have drained. A second signal does not wait. An unhandled rejection or exception leaves an
 * unknown state, so it is logged and the process exits with 1 at once, except for rejections that
 * `isHarmless` accepts.
 */
export async function runUntilSignal({
  lifecycle,
  log,
  host = process,
  clock = systemClock,
  isHarmless = () => false,
}: {
  lifecycle: Lifecycle
  log: Log
  host?: Host
  clock?: Clock
  isHarmless?: (rejection: unknown) => boolean
}): Promise<void> {
  let firstAtMs = Number.NEGATIVE_INFINITY
  for (const event of ['unhandledRejection', 'uncaughtException']) {
    host.on(event, (err) => {
      if (event === 'unhandledRejection' && isHarmless(err))
        return log.error({ err, event }, 'unhandled rejection')
      log.fatal({ err, event }, 'unhandled error')
      host.exit(1)
    })
  }
  for (const signal of ['SIGTERM', 'SIGINT']) {
    host.on(signal, () => {
      if (lifecycle.stopping()) {
        if (clock.monotonicMs() - firstAtMs < DUPLICATE_SIGNAL_MS) return
        log.warn({ signal }, 'second signal: exiting without drain')
        return host.exit(1)
      }
      firstAtMs = clock.monotonicMs()
      void lifecycle.stop(signal).then(() => host.exit(0))
    })
  }
  try {
    await lifecycle.start()
  } catch (err) {
    log.fatal({ err }, 'could not start')
    host.exit(1)
  }
}
