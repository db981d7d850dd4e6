import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { Lifecycle } from './lifecycle.ts'

/**
 * One wish to stop may arrive twice: from the terminal's or npm's process group and from the parent that
 * forwards it. So soon after the first, a signal is an echo and no impatience.
 */
const ECHO_MS = 500

/** What is needed of `process`. */
export interface Host {
  on(event: string, listener: (...facts: unknown[]) => void): unknown
  exit(code: number): void
}

/**
 * The last line of every main.ts: starts the parts, and ends the process on SIGTERM or SIGINT after
 * they have drained. A second signal does not wait. A rejection or an exception that nobody caught
 * leaves a state that nobody knows, so it is logged and the process exits with 1 at once; but for
 * rejections of which `isHarmless` knows that they leave none.
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
        return log.error({ err, event }, 'a rejection that nobody heard')
      log.fatal({ err, event }, 'a fault that nobody caught')
      host.exit(1)
    })
  }
  for (const signal of ['SIGTERM', 'SIGINT']) {
    host.on(signal, () => {
      if (lifecycle.stopping()) {
        if (clock.monotonicMs() - firstAtMs < ECHO_MS) return
        log.warn({ signal }, 'second signal: not waiting any longer')
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
