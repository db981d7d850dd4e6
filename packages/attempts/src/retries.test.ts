import { failureOf } from '@sluice/upstreams/failure-treatments'
import { describe, expect, it } from 'vitest'

import { imageLimits } from './attempt-limits.ts'
import { noAttempts } from './next-step.ts'
import type { Retries } from './retries.ts'
import { createRetries } from './retries.ts'

const elsewhere = {
  answerBegan: false,
  timeAllows: true,
  hasOtherCredential: true,
  hasOtherChannel: false,
}

/** The steps of a request whose attempts all fail. */
function stepsOfFailing(retries: Retries, reason: 'server-error' | 'not-started'): string[] {
  retries.begin()
  const steps: string[] = []
  for (let counts = noAttempts; ;) {
    const next = retries.afterFailure({ failure: failureOf(reason), counts, ...elsewhere })
    steps.push(next.step)
    if (next.step === 'give-up') return steps
    counts = next.counts
  }
}

describe('retries', () => {
  it('do not use the budget for the first failover of each request', () => {
    const budget = { savedMax: 2, savedAtStart: 2 }
    const retries = createRetries({ ...imageLimits, budget })
    const failing = Array.from({ length: 4 }, () => stepsOfFailing(retries, 'server-error'))
    expect(failing.map((steps) => steps.length)).toEqual([3, 3, 2, 2])
  })

  it('return when later requests earn them', () => {
    const retries = createRetries({ ...imageLimits, budget: { savedMax: 1, savedAtStart: 0 } })
    expect(stepsOfFailing(retries, 'server-error')).toHaveLength(2)
    for (let request = 0; request < 10; request += 1) retries.begin()
    expect(stepsOfFailing(retries, 'server-error')).toHaveLength(3)
  })

  it('call each credential twice when it does not accept the request', () => {
    const retries = createRetries({ ...imageLimits, attemptsMax: 5 })
    expect(stepsOfFailing(retries, 'not-started')).toEqual([
      'retry-here',
      'next-credential',
      'retry-here',
      'next-credential',
      'give-up',
    ])
  })
})
