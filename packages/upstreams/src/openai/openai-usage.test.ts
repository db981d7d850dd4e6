import { describe, expect, it } from 'vitest'

import { imageTokensOf } from './openai-usage.ts'

describe('imageTokensOf', () => {
  it('reads usage with details, and without them', () => {
    const input_tokens_details = { text_tokens: 3, image_tokens: 7 }
    expect(imageTokensOf({ input_tokens: 10, output_tokens: 5, input_tokens_details })).toEqual({
      inputText: 3,
      inputImage: 7,
      output: 5,
    })
    expect(imageTokensOf({ input_tokens: 10, output_tokens: 5 })).toEqual({
      inputText: 10,
      inputImage: 0,
      output: 5,
    })
  })

  it.each([
    [undefined],
    [null],
    ['many'],
    [{}],
    [{ input_tokens: -1, output_tokens: 5 }],
    [{ input_tokens: 1e308, output_tokens: 5 }],
    [{ input_tokens: 1.5, output_tokens: 5 }],
    [{ input_tokens: Number.NaN, output_tokens: 5 }],
    [{ input_tokens: '10', output_tokens: '5' }],
    [{ input_tokens: 10, output_tokens: 10 ** 12 }],
  ])('rejects %j', (usage) => {
    expect(imageTokensOf(usage)).toBeNull()
  })
})
