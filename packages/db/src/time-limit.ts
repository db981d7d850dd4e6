/**
 * The time limit of a store operation. It is held in async local storage, so that it reaches the driver
 * without a parameter on every function between.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import { isDeadlineExceeded, remainingMsOf } from '@sluice/kernel/deadline'

export interface TimeLimit {
  /** Milliseconds until the operation rejects; 0 or less once it has ended. */
  leftMs(): number
}

export interface TimeLimitOptions {
  withinMs: number
  /** Aborts when the caller stops waiting; its deadline, if any, shortens the limit. */
  signal?: AbortSignal | undefined
  clock?: Clock
}

const limits = new AsyncLocalStorage<TimeLimit>()

/** The limit of the current operation; undefined outside of one. */
export const currentLimit = (): TimeLimit | undefined => limits.getStore()

/**
 * Runs `work`; rejects with `unavailable` when it exceeds the limit, or with the signal's reason when that
 * aborts. The queries of the work are then abandoned, and its transaction does not commit
 * (`limited-pool.ts`).
 */
export async function withinTime<Result>(
  { withinMs, signal, clock = systemClock }: TimeLimitOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  if (signal?.aborted) throw abortReason(signal)
  const outerMs = currentLimit()?.leftMs() ?? Number.POSITIVE_INFINITY
  const callerMs = signal ? (remainingMsOf(signal) ?? Number.POSITIVE_INFINITY) : outerMs
  const ms = Math.min(withinMs, outerMs, callerMs)
  if (ms <= 0) throw new TimeLimitExceeded()
  const untilMs = clock.monotonicMs() + ms
  const ended = Promise.withResolvers<never>()
  let isOver = false
  const end = (reason: unknown) => {
    isOver = true
    ended.reject(reason)
  }
  const cancel = clock.after(ms, () => end(new TimeLimitExceeded()))
  const onAbort = () => end(signal && abortReason(signal))
  signal?.addEventListener('abort', onAbort, { once: true })
  const limit = { leftMs: () => (isOver ? 0 : untilMs - clock.monotonicMs()) }
  try {
    return await Promise.race([limits.run(limit, work), ended.promise])
  } finally {
    cancel()
    signal?.removeEventListener('abort', onAbort)
    isOver = true
  }
}

const abortReason = ({ reason }: AbortSignal): unknown =>
  isDeadlineExceeded(reason) ? new TimeLimitExceeded(reason) : reason

/** The time limit or the caller's deadline passed before the database answered. */
export class TimeLimitExceeded extends AppError {
  constructor(cause?: unknown) {
    super(
      'unavailable',
      'the database did not answer in time',
      cause === undefined ? {} : { cause },
    )
  }
}
