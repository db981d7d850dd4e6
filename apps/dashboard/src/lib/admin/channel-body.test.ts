import type { ShownChannel } from '@sluice/contracts/control/admin'
import { expect, it } from 'vitest'

import { changedChannelBody, formOfChannel, newChannelBody } from './channel-body.ts'
import { addKeysForm, channelForm, newChannelForm } from './channel-form.ts'

const channel: ShownChannel = {
  id: 'chan_1',
  name: 'openai',
  dialect: 'openai',
  base_url: 'https://api.openai.com/v1',
  priority: 0,
  weight: 1,
  enabled: true,
  models: [
    { model: 'fast', upstream_model: 'gpt-4o-mini', kinds: ['chat'], output_tokens_max: 16_384 },
  ],
  settings: { usageInStreams: 'estimate' },
  credentials: [],
}

it('an unchanged form results in an empty body', () => {
  expect(changedChannelBody(formOfChannel(channel), channel)).toEqual({})
})

it('the body has only changed fields; new keys come with their concurrency', () => {
  const form = { ...formOfChannel(channel), weight: '3', secrets: 'sk-one\n\nsk-two\n' }
  expect(changedChannelBody(form, channel)).toEqual({
    weight: 3,
    secrets: ['sk-one', 'sk-two'],
    concurrency_max: 64,
  })
})

it('a model keeps its maximum of output tokens when another model is added', () => {
  const form = { ...formOfChannel(channel), models: 'fast = gpt-4o-mini chat\nnew image' }
  expect(changedChannelBody(form, channel).models).toEqual([
    { model: 'fast', upstream_model: 'gpt-4o-mini', kinds: ['chat'], output_tokens_max: 16_384 },
    { model: 'new', upstream_model: 'new', kinds: ['image'] },
  ])
})

it('only changed settings are sent, a removed one as null', () => {
  const form = { ...formOfChannel(channel), settings: 'streamImages = false' }
  expect(changedChannelBody(form, channel)).toEqual({
    settings: { streamImages: false, usageInStreams: null },
  })
})

it('a new channel is parsed from the text fields', () => {
  const form = newChannelForm.parse({
    name: 'backup',
    base_url: ' https://up.test/v1 ',
    models: 'gpt-image-2 image',
    secrets: 'sk-1',
    priority: '-5',
  })
  expect(newChannelBody(form)).toMatchObject({
    name: 'backup',
    dialect: 'openai',
    base_url: 'https://up.test/v1',
    priority: -5,
    secrets: ['sk-1'],
  })
})

it('an invalid channel form is refused before it is sent', () => {
  const form = formOfChannel(channel)
  for (const wrong of [
    { weight: '0' },
    { priority: '1001' },
    { models: 'odd' },
    { models: '' },
    { settings: 'odd' },
  ])
    expect(channelForm.safeParse({ ...form, ...wrong }).success, JSON.stringify(wrong)).toBe(false)
  expect(addKeysForm.safeParse({ secrets: ' \n ' }).success).toBe(false)
})
