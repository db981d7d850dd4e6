import { expect, it } from 'vitest'

import {
  formatSettings,
  parseSettings,
  settingsChange,
  wrongSettingLine,
} from './channel-settings.ts'

const settings = { usageInStreams: 'estimate', streamImages: false, allowPrivate: ['10.0.0.7:80'] }

it('settings are formatted one per line and parsed back unchanged', () => {
  const text = formatSettings(settings)
  expect(text).toBe('usageInStreams = estimate\nstreamImages = false\nallowPrivate = 10.0.0.7:80')
  expect(parseSettings(text, 'openai')).toEqual(settings)
})

it('a removed line removes its setting', () => {
  const text = 'streamImages = true'
  expect(settingsChange(text, { dialect: 'openai', settings })).toEqual({
    streamImages: true,
    usageInStreams: null,
    allowPrivate: null,
  })
})

it('a line without a value is returned as invalid', () => {
  expect(wrongSettingLine('project = p\n\nusageInStreams')).toBe('usageInStreams')
  expect(wrongSettingLine('project: p\nstreamImages=true')).toBeUndefined()
})
