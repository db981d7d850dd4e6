import { expect, it } from 'vitest'

import {
  formatSettings,
  parseSettings,
  settingsChange,
  wrongSettingLine,
} from './channel-settings.ts'

const settings = { usageInStreams: 'estimate', streamImages: false, allowPrivate: ['10.0.0.7:80'] }

it('settings are written one a line, and read again as they were', () => {
  const text = formatSettings(settings)
  expect(text).toBe('usageInStreams = estimate\nstreamImages = false\nallowPrivate = 10.0.0.7:80')
  expect(parseSettings(text, 'openai')).toEqual(settings)
})

it('a line that is gone takes its setting away', () => {
  const text = 'streamImages = true'
  expect(settingsChange(text, { dialect: 'openai', settings })).toEqual({
    streamImages: true,
    usageInStreams: null,
    allowPrivate: null,
  })
})

it('a line without a value is named', () => {
  expect(wrongSettingLine('project = p\n\nusageInStreams')).toBe('usageInStreams')
  expect(wrongSettingLine('project: p\nstreamImages=true')).toBeUndefined()
})
