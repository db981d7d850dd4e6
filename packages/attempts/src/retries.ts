import type { UpstreamFailure } from '@sluice/upstreams/upstream'

import type { AttemptLimits } from './attempt-limits.ts'
import type { AttemptCounts, AttemptFacts, Step } from './next-step.ts'
import { countFailure, needsBudget, nextStep } from './next-step.ts'
import { createRetryBudget } from './retry-budget.ts'

/** The retries of one process for one kind of call. */
export interface Retries {
  /** Counts a request or picture: it earns a part of a retry. */
  begin(): void
  /**
   * Counts a failed attempt and decides the next step, which spends the retry budget when it needs it.
   * The returned counts are those of the next attempt.
   */
  afterFailure(failed: AttemptFailed): { step: Step; counts: AttemptCounts }
}

export interface AttemptFailed extends AttemptFacts {
  failure: UpstreamFailure
  /** Before this attempt. */
  counts: AttemptCounts
}

/** Applies the limits of one kind of call. One per process, because it holds the retry budget. */
export function createRetries(limits: AttemptLimits): Retries {
  const budget = createRetryBudget(limits.budget)
  return {
    begin: budget.earn,
    afterFailure: ({ failure, counts: before, ...facts }) => {
      const counts = countFailure(limits, { counts: before, failure })
      const { failureClass } = failure
      const budgetAllows = budget.allows()
      const step = nextStep(limits, { ...facts, failureClass, counts, budgetAllows })
      if (step !== 'give-up' && needsBudget(counts)) budget.spend()
      return { step, counts: step === 'retry-here' ? counts : { ...counts, attemptsHere: 0 } }
    },
  }
}
