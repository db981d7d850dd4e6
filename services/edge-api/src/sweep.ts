import type { Clock } from '@sluice/kernel/clock'

const SWEEP_MS = 1_000

/** Something under way that must be looked at now and then. */
export interface Tickable {
  tick(nowMs: number): void
  /** Kept by the sweep: where it stands in the list. */
  place?: number | undefined
}

export interface Sweep {
  add(one: Tickable): void
  /** No-op for what is not there. */
  delete(one: Tickable): void
  size(): number
  /** Ends the sweeping. */
  stop(): void
}

/**
 * One timer for all that is under way: deadlines, keep-alives, callers who stall. Times are of `nowMs`.
 *
 * A list in which the last one takes the place of who leaves. A Set would be simpler, but at ten thousand
 * comings and goings a second it rebuilds its table all the time, and the old tables keep requests that
 * are over alive until the next full collection: 7 µs of garbage collection for each request.
 */
export function createSweep(clock: Clock): Sweep {
  const all: Tickable[] = []
  const stop = clock.every(SWEEP_MS, () => {
    const nowMs = clock.nowMs()
    // From the end: who leaves meanwhile is replaced by one that was looked at already.
    for (let at = all.length - 1; at >= 0; at -= 1) all[at]?.tick(nowMs)
  })
  return {
    add(one) {
      if (one.place !== undefined) return
      one.place = all.length
      all.push(one)
    },
    delete(one) {
      const { place } = one
      if (place === undefined) return
      one.place = undefined
      const last = all.pop()
      if (last === undefined || last === one) return
      all[place] = last
      last.place = place
    },
    size: () => all.length,
    stop,
  }
}
