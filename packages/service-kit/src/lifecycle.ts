import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

export interface Part {
  name: string
  start?: () => Promise<void>
  /** Called when a stop was asked for, before the shutdown delay. */
  leave?: () => void
  /** Finishes what runs within the time. A part that takes longer is left behind. */
  stop?: (limit: { withinMs: number }) => Promise<void>
  /** How much of the drain time is meant for this part, beside the others; 1 unless said. */
  weight?: number
}

export interface Lifecycle {
  add(part: Part): void
  /** Starts the parts in order. When one fails, those before it are stopped and its error is thrown. */
  start(): Promise<void>
  /**
   * Stops what was started, in reverse, within the drain time, after the shutdown delay in which everything
   * runs on. Repeated calls share one stop.
   */
  stop(reason: string): Promise<void>
  /** True from the first call of `stop`; for /ready, so that balancers look elsewhere. */
  stopping(): boolean
}

/** The parts of a service in the order in which they need each other. */
export function createLifecycle({
  log,
  clock,
  drainMs,
  shutdownDelayMs = 0,
}: {
  log: Log
  clock: Clock
  drainMs: number
  /** How long `/ready` says no while requests are still accepted, so that balancers look elsewhere first. */
  shutdownDelayMs?: number
}): Lifecycle {
  const parts: Part[] = []
  const started: Part[] = []
  let stopped: Promise<void> | undefined
  // A start that failed has served nobody, and need not wait for balancers.
  let running = false

  const stopAll = async (reason: string) => {
    log.info({ reason, shutdownDelayMs, drainMs }, 'stopping')
    for (const part of started) part.leave?.()
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
    const late = clock.sleep(withinMs, giveUp.signal).then(
      () => log.warn({ part: name, withinMs }, 'did not stop in time and is left behind'),
      () => undefined,
    )
    const done = stop({ withinMs }).catch((err: unknown) =>
      log.error({ err, part: name }, 'failed to stop'),
    )
    await Promise.race([done, late])
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
        // A stop that came while this part was starting has not seen it.
        if (stopped) return stopPart(part, drainMs)
        started.push(part)
      }
      running = true
    },
    stop: (reason) => (stopped ??= stopAll(reason)),
    stopping: () => stopped !== undefined,
  }
}

// What earlier parts left over goes to the later ones.
function shareOf(part: Part, rest: readonly Part[], remainingMs: number): number {
  const weightOf = ({ weight = 1 }: Part) => weight
  const weights = rest.reduce((total, other) => total + weightOf(other), weightOf(part))
  return Math.floor((remainingMs * weightOf(part)) / weights)
}
