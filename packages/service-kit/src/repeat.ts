import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

export interface Repeated {
  /** Runs it after the one that is running; all who ask meanwhile share that run. Never throws. */
  now(): Promise<void>
  /** No run begins after this; resolves when the running one has ended. */
  stop(): Promise<void>
}

/**
 * Does something every so often, never twice at once. A failure is logged when it begins and when it is
 * over: what it needs may be away for hours.
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
      if (failing) log.info({ backgroundTasks: name }, 'the background task succeeds again')
      failing = false
    } catch (err) {
      if (!failing)
        log.warn({ err, backgroundTasks: name }, 'the background task failed; it will be retried')
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
