import { expect, it } from 'vitest'

import { createByteBudget } from './byte-budget.ts'

const budget = () => createByteBudget({ bytesMax: 100, callerBytesMax: 60, what: 'bodies' })

it('refuses a caller above their share while other callers pass', () => {
  const { hold, usedBytes } = budget()
  hold('ada').add(60)
  expect(() => hold('ada').add(1)).toThrow(expect.objectContaining({ code: 'rate_limit_exceeded' }))
  hold('bob').add(40)
  expect(() => hold('eve').add(1)).toThrow(expect.objectContaining({ code: 'overloaded' }))
  expect(usedBytes()).toBe(100)
})

it('releases held bytes exactly once', () => {
  const { hold, usedBytes } = budget()
  const [one, two] = [hold('ada'), hold('ada')]
  one.add(30)
  two.add(30)
  one.release()
  one.release()
  one.add(30)
  expect(usedBytes()).toBe(30)
  two.release()
  expect(usedBytes()).toBe(0)
})
