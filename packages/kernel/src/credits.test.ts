import { assert, bigInt, property } from 'fast-check'
import { expect, test } from 'vitest'

import { divideUp, formatCredits, parseCredits } from './credits.ts'

test('parsing a formatted amount returns the same amount', () => {
  assert(
    property(bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), (amount) => {
      expect(parseCredits(formatCredits(amount))).toBe(amount)
    }),
  )
})

test('text that is not a decimal with at most six fractional digits is rejected', () => {
  for (const text of ['', '1e3', '1.', '.5', '1.0000001', 'NaN', '1,5', ' 1', '--1', '٫1']) {
    expect(parseCredits(text), text).toBeUndefined()
  }
})

test('division rounds up and never down', () => {
  expect(divideUp(0n, 7n)).toBe(0n)
  expect(divideUp(7n, 7n)).toBe(1n)
  expect(divideUp(8n, 7n)).toBe(2n)
})
