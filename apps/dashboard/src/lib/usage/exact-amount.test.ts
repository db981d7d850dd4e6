import { expect, it } from 'vitest'

import { creditsOfExactMicros } from './exact-amount.ts'

it.each([
  ['0', '0'],
  ['1', '0.000001'],
  ['12500.25', '0.01250025'],
  ['1000000', '1'],
  ['1234500000', '1234.5'],
  ['0.000001', '0.000000000001'],
  ['-2.5', '-0.0000025'],
  ['9007199254740993000001', '9007199254740993.000001'],
])('%s micro-credits are %s credits', (micros, credits) => {
  expect(creditsOfExactMicros(micros)).toBe(credits)
})
