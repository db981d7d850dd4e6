import type { Clock } from '@sluice/kernel/clock'

/** Waits until the promise settles, for `ms` at most. A rejection is ignored. */
export function atMost(clock: Clock, ms: number, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve)
    const settle = () => {
      cancel()
      resolve()
    }
    promise.then(settle, settle)
  })
}
