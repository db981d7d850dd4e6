import type { Clock } from '@sluice/kernel/clock'

const SWEEP_MS = 1_000

/** Something in progress that needs a periodic tick. */
export interface Tickable {
  tick(nowMs: number): void
  /** Set by the sweep: its index in the list. */
  index?: number | undefined
}

export interface Sweep {
  add(one: Tickable): void
  /** No-op for an entry that is not registered. */
  delete(one: Tickable): void
  size(): number
  /** Stops the timer. */
  stop(): void
}

/**
 * One timer for everything in progress: deadlines, keep-alives, stalled callers. Times are `clock.nowMs()`.
 *
 * An array in which the last entry replaces a removed one. A Set would be simpler, but at ten thousand
 * changes a second it rebuilds its table constantly, and the old tables keep ended requests reachable until
 * the next full collection: 7 µs of garbage collection per request.
 */
export function createSweep(clock: Clock): Sweep {
  const all: Tickable[] = []
  const stop = clock.every(SWEEP_MS, () => {
    const nowMs = clock.nowMs()
    // From the end: an entry removed during the loop is replaced by one that was ticked already.
    for (let at = all.length - 1; at >= 0; at -= 1) all[at]?.tick(nowMs)
  })
  return {
    add(one) {
      if (one.index !== undefined) return
      one.index = all.length
      all.push(one)
    },
    delete(one) {
      const { index } = one
      if (index === undefined) return
      one.index = undefined
      const last = all.pop()
      if (last === undefined || last === one) return
      all[index] = last
      last.index = index
    },
    size: () => all.length,
    stop,
  }
}
