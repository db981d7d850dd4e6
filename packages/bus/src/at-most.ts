import type { Clock } from '@sluice/kernel/clock'

/** Waits for something that may never happen, for `ms` at most; its failure is not of interest. */
export function atMost(clock: Clock, ms: number, happening: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve)
    const settle = () => {
      cancel()
      resolve()
    }
    happening.then(settle, settle)
  })
}
