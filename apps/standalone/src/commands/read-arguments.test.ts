import { expect, test } from 'vitest'

import { readCount, readCredits, readCreditsOrNone, UsageError } from './read-arguments.ts'

test.each(['0', '0.0000001', '-1', '1e3', '', ' ', 'many', 'Infinity', '1000000001'])(
  'an amount of %o credits is refused, as by the API',
  (text) => {
    expect(() => readCredits('--daily-quota', text)).toThrow(UsageError)
    expect(() => readCredits('--daily-quota', text)).toThrow(/^--daily-quota must be an amount/)
  },
)

test.each([
  ['12', 12_000_000n],
  ['0.000001', 1n],
  ['1000000000', 1_000_000_000_000_000n],
])('%s credits are exact', (text, micro) => {
  expect(readCredits('the amount', text)).toBe(micro)
})

test('zero is accepted only by readCreditsOrNone', () => {
  expect(readCreditsOrNone('--credits', '0')).toBe(0n)
  expect(() => readCreditsOrNone('--credits', '-0.5')).toThrow(UsageError)
})

test.each(['0', '-1', '1.5', '0x10', '1e3', '', '1000001'])('a count of %o is refused', (text) => {
  expect(() => readCount('rpm', text, { max: 1_000_000 })).toThrow(
    '--rpm must be a whole number from 1 to 1000000',
  )
})
