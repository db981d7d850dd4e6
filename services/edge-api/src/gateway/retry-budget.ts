/** Retries earned per request, and the maximum saved budget. */
const PER_REQUEST = 0.1
const SAVED_MAX = 50

export interface RetryBudget {
  /** Counts a request. */
  earn(): void
  /** True while the budget covers another retry. */
  allows(): boolean
  spend(): void
}

/** Limits retries to a tenth of the requests, to avoid overloading a failing upstream. One per process. */
export function retryBudget(): RetryBudget {
  let saved = SAVED_MAX / 2
  return {
    earn: () => void (saved = Math.min(SAVED_MAX, saved + PER_REQUEST)),
    allows: () => saved >= 1,
    spend: () => void (saved = Math.max(0, saved - 1)),
  }
}
