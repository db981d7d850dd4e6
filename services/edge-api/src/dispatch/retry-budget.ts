/** A tenth of the requests may be tried once more; so much is saved up for bad moments. */
const PER_REQUEST = 0.1
const SAVED_MAX = 50

export interface RetryBudget {
  /** A request came. */
  earn(): void
  /** True while a further retry is paid for. */
  allows(): boolean
  spend(): void
}

/** Keeps a failing upstream from being asked many times for each request. One per process. */
export function retryBudget(): RetryBudget {
  let saved = SAVED_MAX / 2
  return {
    earn: () => void (saved = Math.min(SAVED_MAX, saved + PER_REQUEST)),
    allows: () => saved >= 1,
    spend: () => void (saved = Math.max(0, saved - 1)),
  }
}
