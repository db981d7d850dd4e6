import { expect, it } from 'vitest'

import { laterUsage, readChatUsage } from './chat-usage.ts'

it('normalizes the usage report of an upstream', () => {
  const reported = {
    prompt_tokens: 11,
    completion_tokens: 7,
    total_tokens: 18,
    prompt_tokens_details: { cached_tokens: 4 },
  }
  expect(readChatUsage(reported)).toEqual({ kind: 'tokens', input: 11, cachedInput: 4, output: 7 })
})

it('limits cached tokens to the input tokens', () => {
  const reported = {
    prompt_tokens: 3,
    completion_tokens: 1,
    prompt_tokens_details: { cached_tokens: 900 },
  }
  expect(readChatUsage(reported)?.cachedInput).toBe(3)
})

it.each([
  null,
  undefined,
  'many',
  [],
  {},
  { prompt_tokens: 1 },
  { prompt_tokens: -1, completion_tokens: 1 },
  { prompt_tokens: 1, completion_tokens: 1e308 },
  { prompt_tokens: 1.5, completion_tokens: 1 },
  { prompt_tokens: Number.NaN, completion_tokens: 1 },
  { prompt_tokens: '1', completion_tokens: '1' },
])('ignores an implausible report: %j', (reported) => {
  expect(readChatUsage(reported)).toBeUndefined()
})

const reported = { prompt_tokens: 20, completion_tokens: 5 }

it.each([
  { ...reported, prompt_tokens_details: { cached_tokens: 8 } },
  { ...reported, input_tokens_details: { cached_tokens: 8 } },
  { ...reported, prompt_tokens_details: null, prompt_cache_hit_tokens: 8 },
  { ...reported, prompt_cache_hit_tokens: 8, prompt_cache_miss_tokens: 12 },
  { ...reported, cache_read_input_tokens: 8, cache_creation_input_tokens: 3 },
  { ...reported, cached_tokens: 8 },
  { completion_tokens: 5, prompt_cache_hit_tokens: 8, prompt_cache_miss_tokens: 12 },
  { input_tokens: 20, output_tokens: 5, input_tokens_details: { cached_tokens: 8 } },
  {
    input_tokens: 10,
    output_tokens: 5,
    cache_read_input_tokens: 8,
    cache_creation_input_tokens: 2,
  },
  { prompt_tokens: 20, total_tokens: 25, cached_tokens: 8 },
  { prompt_tokens: 20, completion_tokens: 0, input_tokens: 0, output_tokens: 5, cached_tokens: 8 },
])('reads cached input under vendor-specific names: %j', (usage) => {
  expect(readChatUsage(usage)).toEqual({ kind: 'tokens', input: 20, cachedInput: 8, output: 5 })
})

it.each([
  [
    [reported, { prompt_tokens: 0, completion_tokens: 0 }],
    [20, 5],
  ],
  [
    [
      { prompt_tokens: 20, completion_tokens: 0 },
      { prompt_tokens: 0, completion_tokens: 5 },
    ],
    [20, 5],
  ],
  [
    [{ prompt_tokens: 20, completion_tokens: 1 }, reported],
    [20, 5],
  ],
])('keeps the larger counts of several reports: %j', (reports, [input, output]) => {
  const usages = reports.map(readChatUsage).filter((one) => one !== undefined)
  const [first, ...more] = usages
  expect(more.reduce((known, next) => laterUsage(known, next), first)).toMatchObject({
    input,
    output,
  })
})
