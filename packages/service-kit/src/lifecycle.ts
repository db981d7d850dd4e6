import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

export interface Part {
  name: string
  start?: () => Promise<void>
  /** Called when the stop begins, before the shutdown delay. */
  announceStop?: () => void
  /** Finishes running work within the time. A part that takes longer is abandoned. */
  stop?: (limit: { withinMs: number }) => Promise<void>
  /** Relative share of the drain time; 1 by default. */
  weight?: number
}

export interface Lifecycle {
  add(part: Part): void
  /** Starts the parts in order. When one fails, the started ones are stopped and its error is thrown. */
  start(): Promise<void>
  /**
   * After the shutdown delay, in which everything keeps running, stops the started parts in reverse order
   * within the drain time. Repeated calls share one stop.
   */
  stop(reason: string): Promise<void>
  /** True from the first call of `stop`; /ready then answers 503 for load balancers. */
  stopping(): boolean
}

/** Starts and stops the parts of a service, added in the order of their dependencies. */
export function createLifecycle({
  log,
  clock,
  drainMs,
  shutdownDelayMs = 0,
}: {
  log: Log
  clock: Clock
  drainMs: number
  /** How long `/ready` answers 503 while requests are still accepted, until load balancers have reacted. */
  shutdownDelayMs?: number
}): Lifecycle {
  const parts: Part[] = []
  const started: Part[] = []
  let stopped: Promise<void> | undefined
  // After a failed start there are no requests, so that no shutdown delay is needed.
  let running = false

  const stopAll = async (reason: string) => {
    log.info({ reason, shutdownDelayMs, drainMs }, 'stopping')
    for (const part of started) part.announceStop?.()
    if (running && shutdownDelayMs > 0) await clock.sleep(shutdownDelayMs)
    const until = clock.monotonicMs() + drainMs
    for (let part = started.pop(); part; part = started.pop()) {
      const remainingMs = Math.max(0, until - clock.monotonicMs())
      await stopPart(part, shareOf(part, started, remainingMs))
    }
    log.info({ reason }, 'stopped')
  }

  const stopPart = async ({ name, stop }: Part, withinMs: number) => {
    if (!stop) return
    const giveUp = new AbortController()
    const timedOut = clock.sleep(withinMs, giveUp.signal).then(
      () => log.warn({ part: name, withinMs }, 'did not stop in time; abandoned'),
      () => undefined,
    )
    const done = stop({ withinMs }).catch((err: unknown) =>
      log.error({ err, part: name }, 'failed to stop'),
    )
    await Promise.race([done, timedOut])
    giveUp.abort()
  }

  return {
    add: (part) => void parts.push(part),
    start: async () => {
      for (const part of parts) {
        if (stopped) return stopped
        try {
          await part.start?.()
        } catch (error) {
          await (stopped ??= stopAll(`${part.name} failed to start`))
          throw error
        }
        // A stop during the start of this part did not include it.
        if (stopped) return stopPart(part, drainMs)
        started.push(part)
      }
      running = true
    },
    stop: (reason) => (stopped ??= stopAll(reason)),
    stopping: () => stopped !== undefined,
  }
}

// Time left over by earlier parts is shared by the later ones.
function shareOf(part: Part, rest: readonly Part[], remainingMs: number): number {
  const weightOf = ({ weight = 1 }: Part) => weight
  const weights = rest.reduce((total, other) => total + weightOf(other), weightOf(part))
  return Math.floor((remainingMs * weightOf(part)) / weights)
}
