import type { Clock } from '@sluice/kernel/clock'

const SWEEP_MS = 1_000

/** Something under way that must be looked at now and then. */
export interface Swept {
  tick(nowMs: number): void
}

export interface Sweep {
  add(one: Swept): void
  delete(one: Swept): void
  size(): number
  /** Ends the sweeping. */
  stop(): void
}

/** One timer for all that is under way: deadlines, keep-alives, callers who stall. Times are of `nowMs`. */
export function createSweep(clock: Clock): Sweep {
  const all = new Set<Swept>()
  const stop = clock.every(SWEEP_MS, () => {
    const nowMs = clock.nowMs()
    for (const one of all) one.tick(nowMs)
  })
  return {
    add: (one) => void all.add(one),
    delete: (one) => void all.delete(one),
    size: () => all.size,
    stop,
  }
}
