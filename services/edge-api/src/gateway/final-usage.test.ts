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

it('prefers the report of the upstream to the estimate', () => {
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
  'replaces a report of %d tokens by the estimate when about %d tokens of text were delivered',
  (output, delivered) => {
    expect(finalUsage(meter(output, delivered), { promptTokensMax: 401 })).toEqual({
      usage: { kind: 'tokens', input: 101, cachedInput: 0, output: delivered },
      source: 'estimate',
    })
  },
)

it('completes a report without input by the estimate of the prompt', () => {
  const usage = { kind: 'tokens' as const, input: 0, cachedInput: 0, output: 5 }
  expect(finalUsage(meter(5, 5, { usage }), { promptTokensMax: 400 })).toEqual({
    usage: { kind: 'tokens', input: 100, cachedInput: 0, output: 5 },
    source: 'estimate',
  })
})

it('takes the larger of the report and the estimate when content followed the report', () => {
  const stale = { contentAfterReport: true }
  expect(finalUsage(meter(50, 100, stale), { promptTokensMax: 400 })).toEqual({
    usage: { kind: 'tokens', input: 9, cachedInput: 2, output: 100 },
    source: 'estimate',
  })
  expect(finalUsage(meter(120, 100, stale), { promptTokensMax: 400 })?.source).toBe('upstream')
})

it('estimates usage without a report, and marks it as an estimate', () => {
  expect(finalUsage(meter(undefined, 7), { promptTokensMax: 401 })).toEqual({
    usage: { kind: 'tokens', input: 101, cachedInput: 0, output: 7 },
    source: 'estimate',
  })
})

it('charges nothing for an empty response, a failure, or a caller who left before any content', () => {
  expect(finalUsage(meter(0), { promptTokensMax: 400 })).toBeUndefined()
  expect(finalUsage(meter(undefined, 0), { promptTokensMax: 400 })).toBeUndefined()
  expect(finalUsage(undefined, { promptTokensMax: 400 })).toBeUndefined()
})
