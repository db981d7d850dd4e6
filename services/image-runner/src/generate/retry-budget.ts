/** Every first try earns a tenth of a further one: an upstream that is down is not asked threefold. */
const EARNED_PER_TRY = 0.1
const SAVED_MAX = 10

/** What this runner may spend on tries beyond the first failover (reliability goal R10). */
export interface RetryBudget {
  earn(): void
  /** Takes one further try; false when there is none. */
  spend(): boolean
}

export function createRetryBudget(): RetryBudget {
  let saved = SAVED_MAX
  return {
    earn: () => void (saved = Math.min(SAVED_MAX, saved + EARNED_PER_TRY)),
    spend: () => {
      if (saved < 1) return false
      saved -= 1
      return true
    },
  }
}
