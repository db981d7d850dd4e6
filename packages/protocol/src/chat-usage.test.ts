import { expect, it } from 'vitest'

import { readChatUsage } from './chat-usage.ts'

it('takes what an upstream reports into the normal form', () => {
  const reported = {
    prompt_tokens: 11,
    completion_tokens: 7,
    total_tokens: 18,
    prompt_tokens_details: { cached_tokens: 4 },
  }
  expect(readChatUsage(reported)).toEqual({ kind: 'tokens', input: 11, cachedInput: 4, output: 7 })
})

it('never believes in more cached tokens than there were tokens', () => {
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
])('charges nothing by a report that cannot be true: %j', (reported) => {
  expect(readChatUsage(reported)).toBeUndefined()
})
