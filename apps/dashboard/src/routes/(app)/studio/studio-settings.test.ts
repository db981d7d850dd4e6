import type { ImageModel } from '@sluice/contracts/control/images'
import { describe, expect, it } from 'vitest'

import { fitSettings, readSettingsInput } from './studio-settings.ts'
import type { SettingsInput } from './studio-settings.ts'

const model = (name: string, more: Partial<ImageModel> = {}): ImageModel => ({
  model: name,
  sizes: ['1024x1024'],
  any_size: false,
  qualities: ['low', 'high'],
  formats: ['png', 'jpeg', 'webp'],
  backgrounds: ['opaque', 'transparent'],
  count_max: 4,
  references_max: 4,
  partial_images_max: 3,
  price_steps: [],
  ...more,
})
const models = [model('first'), model('second', { qualities: ['max'], count_max: 1 })]
const fit = (input: SettingsInput, offered = models) =>
  fitSettings({ input, models: offered, sizesOf: ({ sizes }) => ['auto', ...sizes] })

describe('settings', () => {
  it('are kept if the model supports them', () => {
    const input = {
      model: 'first',
      size: '1024x1024',
      count: 3,
      quality: 'high',
      format: 'webp',
      background: 'transparent',
      compression: 60,
    }
    expect(fit(input)).toEqual(input)
  })

  it('are adjusted to another model', () => {
    expect(fit({ model: 'second', size: '9x9', count: 3, quality: 'high' })).toMatchObject({
      model: 'second',
      size: 'auto',
      count: 1,
      quality: 'auto',
    })
  })

  it('use the first model if theirs is unavailable, and are undefined without models', () => {
    expect(fit({ model: 'retired' })?.model).toBe('first')
    expect(fit({}, [])).toBeUndefined()
  })

  it('never combine jpeg with transparency', () => {
    expect(fit({ format: 'jpeg', background: 'transparent' })?.background).toBe('auto')
  })

  it('ignore invalid stored values', () => {
    for (const studioStorage of [
      null,
      '',
      '{',
      '[]',
      '7',
      '{"count":"3","size":{},"compression":1.5}',
    ]) {
      expect(fit(readSettingsInput(studioStorage))).toMatchObject({
        count: 1,
        size: 'auto',
        compression: 100,
      })
    }
  })
})
