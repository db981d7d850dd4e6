import { describe, expect, it } from 'vitest'

import { readSettingWords } from './read-setting-words.ts'

describe('settings on the command line', () => {
  it('are read by what the dialect takes', () => {
    const words = ['usageInStreams=estimate', 'streamImages=false', 'project=']
    expect(readSettingWords('openai', words)).toEqual({
      usageInStreams: 'estimate',
      streamImages: false,
      project: null,
    })
  })

  it.each([
    ['usageInStreams', /write name=value/],
    ['colour=red', /no setting of openai channels; they know organization/],
    ['streamImages=maybe', /streamImages/],
  ])('refuse %s with a sentence', (word, sentence) => {
    expect(() => readSettingWords('openai', [word])).toThrow(sentence)
  })
})
