import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

export interface Repeated {
  /** Runs once after any current run; calls in the meantime share that run. Never rejects. */
  now(): Promise<void>
  /** Starts no further run; resolves when the current one has ended. */
  stop(): Promise<void>
}

/**
 * Runs a task at an interval, never concurrently. The start and the end of a failure are logged once
 * each, since a dependency may be unavailable for hours.
 */
export function repeat({
  name,
  everyMs,
  run,
  clock,
  log,
}: {
  name: string
  everyMs: number
  run: () => Promise<void>
  clock: Clock
  log: Log
}): Repeated {
  let last = Promise.resolve()
  let queued: Promise<void> | undefined
  let failing = false
  const once = async () => {
    queued = undefined
    try {
      await run()
      if (failing) log.info({ task: name }, 'the background task succeeds again')
      failing = false
    } catch (err) {
      if (!failing) log.warn({ err, task: name }, 'the background task failed; it will be retried')
      failing = true
    }
  }
  const now = () => (last = queued ??= last.then(once))
  const cancel = clock.every(everyMs, () => void now())
  return {
    now,
    stop: async () => {
      cancel()
      await last
    },
  }
}
