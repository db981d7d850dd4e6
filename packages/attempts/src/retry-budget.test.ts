import { describe, expect, it } from 'vitest'

import { chatLimits, imageLimits } from './attempt-limits.ts'
import type { RetryBudget } from './retry-budget.ts'
import { createRetryBudget } from './retry-budget.ts'

const earn = (budget: RetryBudget, requests: number) => {
  for (let count = 0; count < requests; count += 1) budget.earn()
}

function spendAll(budget: RetryBudget): number {
  let retries = 0
  for (; budget.allows(); retries += 1) budget.spend()
  return retries
}

describe('the retry budget', () => {
  it('of chat is a tenth of the requests plus the saved budget', () => {
    const budget = createRetryBudget(chatLimits.budget)
    let retries = 0
    for (let requests = 0; requests < 10_000; requests += 1) {
      budget.earn()
      if (!budget.allows()) continue
      budget.spend()
      retries += 1
    }
    expect(retries).toBeLessThanOrEqual(1_030)
    expect(retries).toBeGreaterThan(990)
  })

  it('of chat allows a burst of 25 at the start, and of 50 after successes', () => {
    const budget = createRetryBudget(chatLimits.budget)
    expect(spendAll(budget)).toBe(25)
    earn(budget, 1_000)
    expect(spendAll(budget)).toBe(50)
  })

  it('of pictures is ten per hundred parts, with a burst of ten', () => {
    const budget = createRetryBudget(imageLimits.budget)
    expect(spendAll(budget)).toBe(10)
    earn(budget, 25)
    expect(spendAll(budget)).toBe(2)
    earn(budget, 1_000)
    expect(spendAll(budget)).toBe(10)
  })
})
