/**
 * How long an operation of a store may take. Every query inside reads its limit here, so that the limit
 * reaches the driver without a parameter on each of its callers.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import { isDeadlineExceeded, remainingMsOf } from '@sluice/kernel/deadline'

export interface TimeLimit {
  /** Milliseconds until the caller gets an answer; 0 or less once it was given. */
  leftMs(): number
}

export interface TimeLimitOptions {
  withinMs: number
  /** Aborts when the caller stops waiting; shortens the limit to its deadline, where it has one. */
  signal?: AbortSignal | undefined
  clock?: Clock
}

const limits = new AsyncLocalStorage<TimeLimit>()

/** The limit of the operation that runs; undefined outside of any. */
export const currentLimit = (): TimeLimit | undefined => limits.getStore()

/**
 * Runs `work` and rejects with `unavailable` when it takes longer, or with the signal's reason when the
 * caller stops waiting. The work is then over, too: its queries are given up, and its transaction does
 * not commit (`limited-pool.ts`).
 */
export async function withinTime<Result>(
  { withinMs, signal, clock = systemClock }: TimeLimitOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  if (signal?.aborted) throw endedBy(signal)
  const outerMs = currentLimit()?.leftMs() ?? Number.POSITIVE_INFINITY
  const callerMs = signal ? (remainingMsOf(signal) ?? Number.POSITIVE_INFINITY) : outerMs
  const ms = Math.min(withinMs, outerMs, callerMs)
  if (ms <= 0) throw new TimeIsOver()
  const untilMs = clock.monotonicMs() + ms
  const over = Promise.withResolvers<never>()
  let isOver = false
  const end = (reason: unknown) => {
    isOver = true
    over.reject(reason)
  }
  const cancel = clock.after(ms, () => end(new TimeIsOver()))
  const leave = () => end(signal && endedBy(signal))
  signal?.addEventListener('abort', leave, { once: true })
  const limit = { leftMs: () => (isOver ? 0 : untilMs - clock.monotonicMs()) }
  try {
    return await Promise.race([limits.run(limit, work), over.promise])
  } finally {
    cancel()
    signal?.removeEventListener('abort', leave)
    isOver = true
  }
}

const endedBy = ({ reason }: AbortSignal): unknown =>
  isDeadlineExceeded(reason) ? new TimeIsOver(reason) : reason

/** The database did not answer in time, or the caller was answered before it did. */
export class TimeIsOver extends AppError {
  constructor(cause?: unknown) {
    super(
      'unavailable',
      'the database did not answer in time',
      cause === undefined ? {} : { cause },
    )
  }
}
