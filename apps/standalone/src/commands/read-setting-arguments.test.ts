import { describe, expect, it } from 'vitest'

import { readSettingArguments } from './read-setting-arguments.ts'

describe('settings on the command line', () => {
  it('are parsed by the setting types of the dialect', () => {
    const cliArgs = ['usageInStreams=estimate', 'streamImages=false', 'project=']
    expect(readSettingArguments('openai', cliArgs)).toEqual({
      usageInStreams: 'estimate',
      streamImages: false,
      project: null,
    })
  })

  it.each([
    ['usageInStreams', /write name=value/],
    ['colour=red', /not a setting of openai channels; valid settings are organization/],
    ['streamImages=maybe', /streamImages/],
  ])('%s is refused with a message', (arg, message) => {
    expect(() => readSettingArguments('openai', [arg])).toThrow(message)
  })
})
