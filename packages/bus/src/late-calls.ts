/**
 * Finds calls that waited on their way, in a frozen server or bus, until their callers had been answered: a call that
 * is carried out then does what nobody asks for any more. No clocks of two hosts are compared. Each caller
 * sends the time of its own monotonic clock, and what counts is how much more than usual lies between that and
 * ours: the smallest difference seen of a caller is what its clock and the way make of a call that did not wait.
 */
import type { Clock } from '@sluice/kernel/clock'

/** A call may be late by so much without being refused. */
export const SLACK_MS = 1_000
/** When nothing but late calls came for so long, it is the caller's clock that changed. */
const RELEARN_AFTER_MS = 10_000
/** Two clocks drift apart by less than this: a thousandth. */
const DRIFT = 0.001
const CALLERS_MAX = 1_000

export interface SentCall {
  /** Names the caller's process. */
  from: string
  /** When it was sent, by the monotonic clock of the caller. */
  sentMs: number
  /** How long its caller waits. */
  withinMs: number
}

interface Known {
  usualMs: number
  atMs: number
  /** Since when nothing but late calls came. */
  lateSinceMs: number | undefined
}

/** Judges calls at their receipt. The first call of a caller is never late. */
export function createLateCalls(clock: Pick<Clock, 'monotonicMs'>): {
  isLate(call: SentCall): boolean
} {
  const known = new Map<string, Known>()

  const remember = (from: string, facts: Known) => {
    known.delete(from)
    known.set(from, facts)
    const [oldest] = known.keys()
    if (known.size > CALLERS_MAX && oldest !== undefined) known.delete(oldest)
  }

  return {
    isLate: ({ from, sentMs, withinMs }) => {
      const nowMs = clock.monotonicMs()
      const differenceMs = nowMs - sentMs
      const before = known.get(from)
      const usualMs = before && before.usualMs + (nowMs - before.atMs) * DRIFT
      const isLate = usualMs !== undefined && differenceMs > usualMs + withinMs + SLACK_MS
      if (!isLate) {
        const leastMs = Math.min(differenceMs, usualMs ?? differenceMs)
        remember(from, { usualMs: leastMs, atMs: nowMs, lateSinceMs: undefined })
        return false
      }
      const lateSinceMs = before?.lateSinceMs ?? nowMs
      const isRelearned = nowMs - lateSinceMs >= RELEARN_AFTER_MS
      remember(
        from,
        isRelearned
          ? { usualMs: differenceMs, atMs: nowMs, lateSinceMs: undefined }
          : { usualMs, atMs: nowMs, lateSinceMs },
      )
      return !isRelearned
    },
  }
}
