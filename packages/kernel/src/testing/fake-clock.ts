import type { Clock } from '../clock.ts'

export interface FakeClock extends Clock {
  /** Moves time forward and fires every timer that becomes due, in the order of their times. */
  advance(ms: number): Promise<void>
}

interface Timer {
  at: number
  every: number | undefined
  tick: () => void
}

/** A clock that advances only when a test calls `advance`. */
export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let nowMs = start
  const timers = new Set<Timer>()

  const setTimer = (ms: number, every: number | undefined, tick: () => void) => {
    const timer: Timer = { at: nowMs + ms, every, tick }
    timers.add(timer)
    return () => void timers.delete(timer)
  }

  const nextDue = (until: number) =>
    [...timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0]

  return {
    now: () => new Date(nowMs),
    nowMs: () => nowMs,
    monotonicMs: () => nowMs - start,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const cancel = setTimer(ms, undefined, resolve)
        signal?.addEventListener(
          'abort',
          () => {
            cancel()
            reject(signal.reason)
          },
          { once: true },
        )
      }),
    after: (ms, tick) => setTimer(ms, undefined, tick),
    every: (ms, tick) => setTimer(ms, ms, tick),
    advance: async (ms) => {
      const until = nowMs + ms
      for (let timer = nextDue(until); timer; timer = nextDue(until)) {
        nowMs = Math.max(nowMs, timer.at)
        if (timer.every === undefined) timers.delete(timer)
        else timer.at += timer.every
        timer.tick()
        await settleMicrotasks()
      }
      nowMs = until
      await settleMicrotasks()
    },
  }
}

// After a timer has fired, its caller may await a few promises before it sets the next timer.
async function settleMicrotasks(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}
