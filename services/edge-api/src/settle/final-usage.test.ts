import { expect, it } from 'vitest'

import { finalUsage } from './final-usage.ts'

const meter = (output: number | undefined, estimate = 0) => ({
  usage:
    output === undefined
      ? undefined
      : { kind: 'tokens' as const, input: 9, cachedInput: 2, output },
  estimateOutput: () => estimate,
})

it('the report of an upstream goes before any estimate', () => {
  expect(finalUsage(meter(5, 99), { promptBytes: 400 })).toEqual({
    usage: { kind: 'tokens', input: 9, cachedInput: 2, output: 5 },
    source: 'upstream',
  })
})

it('what nobody reported is estimated, and marked as an estimate', () => {
  expect(finalUsage(meter(undefined, 7), { promptBytes: 401 })).toEqual({
    usage: { kind: 'tokens', input: 101, cachedInput: 0, output: 7 },
    source: 'estimate',
  })
})

it('an empty answer, a failure and a caller who left before the first word owe nothing', () => {
  expect(finalUsage(meter(0), { promptBytes: 400 })).toBeUndefined()
  expect(finalUsage(meter(undefined, 0), { promptBytes: 400 })).toBeUndefined()
  expect(finalUsage(undefined, { promptBytes: 400 })).toBeUndefined()
})
