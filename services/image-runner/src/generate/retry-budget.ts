/** Every part earns a tenth of a retry, so that retries do not multiply the load on a failing upstream. */
const EARNED_PER_TRY = 0.1
const SAVED_MAX = 10

/** The budget of this runner for retries beyond the first failover. */
export interface RetryBudget {
  earn(): void
  /** Spends one retry; false when the budget is used up. */
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
