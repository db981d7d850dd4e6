import { describe, expect, it } from 'vitest'

import {
  findInvalidSetting,
  mergeSettings,
  parseSetting,
  settingNames,
  formatSetting,
} from './channel-settings.ts'

describe('the settings of a channel', () => {
  it.each([
    ['usageInStreams', 'estimate', 'estimate'],
    ['streamImages', 'false', false],
    ['streamImages', 'true', true],
    ['organization', 'org-123', 'org-123'],
    ['project', '12345', '12345'],
    ['allowPrivate', '10.0.0.7:8080, nas.lan:80', ['10.0.0.7:8080', 'nas.lan:80']],
    ['allowPrivate', '10.0.0.7:8080', ['10.0.0.7:8080']],
    ['usageInStreams', ' ', null],
  ])('%s is parsed from the text %j and formatted back', (name, text, value) => {
    expect(parseSetting('openai', name, text)).toEqual(value)
    const given = mergeSettings({}, { [name]: value })
    expect(findInvalidSetting('openai', given)).toBeUndefined()
    const again = Object.values(given).map(formatSetting)
    expect(again.map((one) => parseSetting('openai', name, one))).toEqual(Object.values(given))
  })

  it('of the sandbox are parsed as numbers and enum values', () => {
    expect(parseSetting('sandbox', 'latencyMs', '250')).toBe(250)
    expect(parseSetting('sandbox', 'failureRate', '0.5')).toBe(0.5)
    expect(parseSetting('sandbox', 'failWith', 'timeout')).toBe('timeout')
  })

  it.each([
    [
      'openai',
      { latencyMs: 5 },
      /^is not a setting of openai channels; valid settings are organization, /,
    ],
    ['openai', { usageInStreams: 'never' }, /request/],
    ['openai', { streamImages: 'yes' }, /boolean/],
    ['openai', { organization: 'a\r\nx-evil: 1' }, /letters/],
    ['openai', { allowPrivate: ['10.0.0.7'] }, /host and a port/],
    ['sandbox', { usageInStreams: 'request' }, /valid settings are latencyMs, /],
    ['sandbox', { latencyMs: -1 }, /0/],
  ] as const)(
    'of a %s channel are rejected with the name of the invalid one: %j',
    (dialect, settings, message) => {
      const wrong = findInvalidSetting(dialect, settings)
      expect(wrong?.name).toBe(Object.keys(settings)[0])
      expect(wrong?.message).toMatch(message)
    },
  )

  it('are merged one by one; null removes one', () => {
    const before = { organization: 'a', project: 'b' }
    const change = { project: null, streamImages: false }
    expect(mergeSettings(before, change)).toEqual({ organization: 'a', streamImages: false })
  })

  it('are listed by name', () => {
    expect(settingNames('openai')).toContain('usageInStreams')
  })
})
