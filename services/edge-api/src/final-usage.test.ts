import { expect, it } from 'vitest'

import { finalUsage } from './final-usage.ts'

const meter = (output: number | undefined, estimate = 0, more: object = {}) => ({
  usage:
    output === undefined
      ? undefined
      : { kind: 'tokens' as const, input: 9, cachedInput: 2, output },
  contentAfterReport: false,
  estimateOutput: () => estimate,
  ...more,
})

it('the report of an upstream goes before any estimate', () => {
  expect(finalUsage(meter(5, 40), { promptTokensMax: 400 })).toEqual({
    usage: { kind: 'tokens', input: 9, cachedInput: 2, output: 5 },
    source: 'upstream',
  })
  // Hidden reasoning: more than was delivered.
  expect(finalUsage(meter(5_000, 1), { promptTokensMax: 400 })?.source).toBe('upstream')
  expect(finalUsage(meter(5_000, 0), { promptTokensMax: 400 })?.usage.output).toBe(5_000)
})

it.each([
  [0, 1],
  [1, 9],
  [21, 175],
])(
  'a report of %d tokens beside words of about %d is replaced by the estimate',
  (output, words) => {
    expect(finalUsage(meter(output, words), { promptTokensMax: 401 })).toEqual({
      usage: { kind: 'tokens', input: 101, cachedInput: 0, output: words },
      source: 'estimate',
    })
  },
)

it('a report without input is completed by the estimate of the prompt', () => {
  const usage = { kind: 'tokens' as const, input: 0, cachedInput: 0, output: 5 }
  expect(finalUsage(meter(5, 5, { usage }), { promptTokensMax: 400 })).toEqual({
    usage: { kind: 'tokens', input: 100, cachedInput: 0, output: 5 },
    source: 'estimate',
  })
})

it('a report that was followed by more words counts as far as it goes, or the words do', () => {
  const stale = { contentAfterReport: true }
  expect(finalUsage(meter(50, 100, stale), { promptTokensMax: 400 })).toEqual({
    usage: { kind: 'tokens', input: 9, cachedInput: 2, output: 100 },
    source: 'estimate',
  })
  expect(finalUsage(meter(120, 100, stale), { promptTokensMax: 400 })?.source).toBe('upstream')
})

it('what nobody reported is estimated, and marked as an estimate', () => {
  expect(finalUsage(meter(undefined, 7), { promptTokensMax: 401 })).toEqual({
    usage: { kind: 'tokens', input: 101, cachedInput: 0, output: 7 },
    source: 'estimate',
  })
})

it('an empty answer, a failure and a caller who left before the first word owe nothing', () => {
  expect(finalUsage(meter(0), { promptTokensMax: 400 })).toBeUndefined()
  expect(finalUsage(meter(undefined, 0), { promptTokensMax: 400 })).toBeUndefined()
  expect(finalUsage(undefined, { promptTokensMax: 400 })).toBeUndefined()
})
