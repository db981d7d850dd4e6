import type { Clock } from '@sluice/kernel/clock'

/** Counts running receivers, so that a closing bus can wait for them. */
export interface InFlight {
  begin(): void
  end(): void
  /** Aborts at the end of `drain`. */
  readonly signal: AbortSignal
  /**
   * Waits until no receiver runs, for `withinMs` at most, then aborts the signal. True when none was running.
   */
  drain(limit: { clock: Clock; withinMs: number }): Promise<boolean>
}

export function createInFlight(): InFlight {
  const aborter = new AbortController()
  let running = 0
  let onEmpty: (() => void) | undefined
  return {
    begin: () => {
      running += 1
    },
    end: () => {
      running -= 1
      if (running === 0) onEmpty?.()
    },
    signal: aborter.signal,
    drain: async ({ clock, withinMs }) => {
      if (running > 0) {
        await new Promise<void>((resolve) => {
          const cancel = clock.after(withinMs, resolve)
          onEmpty = () => {
            cancel()
            resolve()
          }
        })
      }
      aborter.abort(new Error('the bus is closing'))
      return running === 0
    },
  }
}
