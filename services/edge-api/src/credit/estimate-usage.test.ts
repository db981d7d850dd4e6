import { describe, expect, it } from 'vitest'

import { estimateUsage, OUTPUT_TOKENS_DEFAULT } from './estimate-usage.ts'

const request = {
  textBytes: 400,
  attachments: 0,
  mediaTokens: 0,
  count: 1,
  outputTokensRequested: undefined,
  outputTokensMax: undefined,
}

describe('the worst case of a chat request', () => {
  it('has at most one input token per byte, and a fixed number per picture', () => {
    expect(estimateUsage(request).inputMax).toBe(400)
    expect(estimateUsage({ ...request, attachments: 2 }).inputMax).toBe(8_400)
    expect(estimateUsage({ ...request, mediaTokens: 700 }).inputMax).toBe(1_100)
  })

  it.each([
    ['neither caller nor model has a limit', {}, OUTPUT_TOKENS_DEFAULT],
    [
      'the caller requests less than the maximum of the model',
      { outputTokensRequested: 50, outputTokensMax: 900 },
      50,
    ],
    [
      'the caller requests more than the maximum of the model',
      { outputTokensRequested: 9_000, outputTokensMax: 900 },
      900,
    ],
    ['only the caller sets a limit', { outputTokensRequested: 90_000 }, 90_000],
    ['only the model has a limit', { outputTokensMax: 900 }, 900],
    ['three choices are requested', { outputTokensRequested: 50, count: 3 }, 150],
    ['the numbers are absurd', { outputTokensRequested: Number.MAX_SAFE_INTEGER, count: 128 }, 1e9],
  ])('its output when %s', (_, facts, expected) => {
    expect(estimateUsage({ ...request, ...facts }).outputMax).toBe(expected)
  })
})
