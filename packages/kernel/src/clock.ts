/** Time as an argument. Timers come from the clock too, so that tests move both together. */
export interface Clock {
  now(): Date
  /** Milliseconds since the epoch; for arithmetic on hot paths. */
  nowMs(): number
  /** Milliseconds that never jump; for measuring durations. */
  monotonicMs(): number
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `tick` once after `ms`. Cancelled by the returned function. Does not keep a process alive. */
  after(ms: number, tick: () => void): () => void
  /** Calls `tick` every `ms` until cancelled. Does not keep a process alive. */
  every(ms: number, tick: () => void): () => void
}

/** The only code that reads the system clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }, ms)
      const stop = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', stop, { once: true })
    }),
  after: (ms, tick) => {
    const timer = setTimeout(tick, ms)
    unref(timer)
    return () => clearTimeout(timer)
  },
  every: (ms, tick) => {
    const timer = setInterval(tick, ms)
    unref(timer)
    return () => clearInterval(timer)
  },
}

// In a browser a timer is a number, and there is nothing to keep alive.
function unref(timer: unknown): void {
  if (typeof timer !== 'object' || timer === null || !('unref' in timer)) return
  if (typeof timer.unref === 'function') timer.unref()
}
