/**
 * Detects calls that were delayed in a frozen server or bus until their callers had stopped waiting;
 * executing them would have effects that no caller expects. Absolute times of two hosts are not compared.
 * Each call carries the caller's monotonic time; the smallest difference from the server's clock seen for a
 * caller is its baseline (clock offset plus network delay), and a call is late when its difference exceeds
 * the baseline by more than the wait limit.
 */
import type { Clock } from '@sluice/kernel/clock'

/** Tolerance on top of the caller's wait limit. */
export const SLACK_MS = 1_000
/**
 * After only late calls for this long, the caller's clock is taken to have changed, and its baseline is
 * reset.
 */
const RELEARN_AFTER_MS = 10_000
/** The largest assumed clock drift: 0.1 %. */
const DRIFT = 0.001
const CALLERS_MAX = 1_000

export interface SentCall {
  /** Id of the caller's process. */
  from: string
  /** When the call was sent, by the caller's monotonic clock. */
  sentMs: number
  /** How long its caller waits. */
  withinMs: number
}

interface CallerBaseline {
  baselineMs: number
  atMs: number
  /** Since when only late calls have arrived. */
  lateSinceMs: number | undefined
}

/** Classifies calls when they are received. The first call of a caller is never late. */
export function createLateCalls(clock: Pick<Clock, 'monotonicMs'>): {
  isLate(call: SentCall): boolean
} {
  const baselines = new Map<string, CallerBaseline>()

  const remember = (from: string, baseline: CallerBaseline) => {
    baselines.delete(from)
    baselines.set(from, baseline)
    const [oldest] = baselines.keys()
    if (baselines.size > CALLERS_MAX && oldest !== undefined) baselines.delete(oldest)
  }

  return {
    isLate: ({ from, sentMs, withinMs }) => {
      const nowMs = clock.monotonicMs()
      const differenceMs = nowMs - sentMs
      const before = baselines.get(from)
      const baselineMs = before && before.baselineMs + (nowMs - before.atMs) * DRIFT
      const isLate = baselineMs !== undefined && differenceMs > baselineMs + withinMs + SLACK_MS
      if (!isLate) {
        const leastMs = Math.min(differenceMs, baselineMs ?? differenceMs)
        remember(from, { baselineMs: leastMs, atMs: nowMs, lateSinceMs: undefined })
        return false
      }
      const lateSinceMs = before?.lateSinceMs ?? nowMs
      const isRelearned = nowMs - lateSinceMs >= RELEARN_AFTER_MS
      remember(
        from,
        isRelearned
          ? { baselineMs: differenceMs, atMs: nowMs, lateSinceMs: undefined }
          : { baselineMs, atMs: nowMs, lateSinceMs },
      )
      return !isRelearned
    },
  }
}
