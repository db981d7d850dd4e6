import { expect, it } from 'vitest'

import { createRetryBudget } from './retry-budget.ts'

it('allows ten retries per hundred parts, with a burst of ten', () => {
  const budget = createRetryBudget()
  const spent = (times: number) =>
    Array.from({ length: times }, () => budget.spend()).filter(Boolean).length
  expect(spent(50)).toBe(10)
  for (let first = 0; first < 25; first += 1) budget.earn()
  expect(spent(50)).toBe(2)
  for (let first = 0; first < 1_000; first += 1) budget.earn()
  expect(spent(50)).toBe(10)
})
