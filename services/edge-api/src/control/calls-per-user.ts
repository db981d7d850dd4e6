import { AppError } from '@sluice/kernel/app-error'

/** A page sends a handful at once; one user must not occupy the whole database pool. */
export const CONCURRENT_CALLS_MAX = 32
const RETRY_AFTER_MS = 1_000

/**
 * Limits the concurrent calls of one user in this edge, so that no user blocks the others. Rejects with
 * `rate_limit_exceeded` above the limit; streams have limits of their own.
 */
export function callsPerUser() {
  const running = new Map<string, number>()
  return async <Answer>(userId: string, call: () => Promise<Answer>): Promise<Answer> => {
    const before = running.get(userId) ?? 0
    if (before >= CONCURRENT_CALLS_MAX)
      throw new AppError(
        'rate_limit_exceeded',
        `More than ${CONCURRENT_CALLS_MAX} of your requests are in progress. Wait for some of them.`,
        { retryAfterMs: RETRY_AFTER_MS },
      )
    running.set(userId, before + 1)
    try {
      return await call()
    } finally {
      const left = (running.get(userId) ?? 1) - 1
      if (left > 0) running.set(userId, left)
      else running.delete(userId)
    }
  }
}
