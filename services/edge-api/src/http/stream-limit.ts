import { AppError } from '@sluice/kernel/app-error'

/** The panel opens three per browser; each costs one session query a second, and more for its task. */
export const STREAMS_EACH_MAX = 24
const STREAMS_ALL_MAX = 2_000
const RETRY_AFTER_MS = 5_000

/** Limits what is open in this process, such as streams, by user or API key. */
export interface StreamLimit {
  /** Takes a slot; the returned function releases it. Throws `rate_limit_exceeded`, `overloaded`. */
  enter(userId: string): () => void
}

export function createStreamLimit({
  eachMax = STREAMS_EACH_MAX,
  allMax = STREAMS_ALL_MAX,
  what = 'streams of tasks',
}: { eachMax?: number; allMax?: number; what?: string } = {}): StreamLimit {
  const open = new Map<string, number>()
  let all = 0
  return {
    enter(userId) {
      const own = open.get(userId) ?? 0
      if (own >= eachMax) {
        const message = `You have ${eachMax} ${what} open at once already. Wait for one, or close it.`
        throw new AppError('rate_limit_exceeded', message, { retryAfterMs: RETRY_AFTER_MS })
      }
      if (all >= allMax) {
        const message = `Too many ${what} are open here now.`
        throw new AppError('overloaded', message, { retryAfterMs: RETRY_AFTER_MS })
      }
      open.set(userId, own + 1)
      all += 1
      let left = false
      return () => {
        if (left) return
        left = true
        all -= 1
        const rest = (open.get(userId) ?? 1) - 1
        if (rest > 0) open.set(userId, rest)
        else open.delete(userId)
      }
    },
  }
}
