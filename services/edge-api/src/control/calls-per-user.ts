import { AppError } from '@sluice/kernel/app-error'

/** A page asks for a handful at once; nobody needs the whole database pool. */
export const CALLS_AT_ONCE_MAX = 32
const RETRY_AFTER_MS = 1_000

/**
 * Lets one person have so many calls under way in this edge, that of many none starves. Rejects with
 * `rate_limit_exceeded` beyond; streams are counted by those who open them.
 */
export function callsPerUser() {
  const running = new Map<string, number>()
  return async <Answer>(userId: string, call: () => Promise<Answer>): Promise<Answer> => {
    const before = running.get(userId) ?? 0
    if (before >= CALLS_AT_ONCE_MAX)
      throw new AppError(
        'rate_limit_exceeded',
        `More than ${CALLS_AT_ONCE_MAX} of your requests are under way. Wait for some of them.`,
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
