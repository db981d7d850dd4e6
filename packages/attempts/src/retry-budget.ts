import type { BudgetLimits } from './attempt-limits.ts'

/** Retries earned per request or picture: a failing upstream gets at most a tenth more load. */
const EARNED_PER_REQUEST = 0.1

/** The retries of one process beyond the first failover of each request. */
export interface RetryBudget {
  /** Counts a request. */
  earn(): void
  /** True while the budget covers another retry. */
  allows(): boolean
  /** Spends one retry, which the budget must allow. */
  spend(): void
}

/** Limits retries to a tenth of the requests, to avoid overloading a failing upstream. One per process. */
export function createRetryBudget({ savedMax, savedAtStart }: BudgetLimits): RetryBudget {
  let saved = savedAtStart
  return {
    earn: () => void (saved = Math.min(savedMax, saved + EARNED_PER_REQUEST)),
    allows: () => saved >= 1,
    spend: () => void (saved -= 1),
  }
}
