import { describe, expect, it } from 'vitest'

import { readSettingArguments } from './read-setting-arguments.ts'

describe('settings on the command line', () => {
  it('are read by what the dialect takes', () => {
    const cliArgs = ['usageInStreams=estimate', 'streamImages=false', 'project=']
    expect(readSettingArguments('openai', cliArgs)).toEqual({
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
    expect(() => readSettingArguments('openai', [word])).toThrow(sentence)
  })
})
