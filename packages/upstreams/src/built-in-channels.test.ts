import type { CatalogChannel, ChannelModel } from '@sluice/contracts/scheduler.contract'
import { expect, it } from 'vitest'

import { builtInChannel, confineBuiltInChannels } from './built-in-channels.ts'

const real: ChannelModel = { model: 'gpt-image-2', upstreamModel: 'gpt-image-2', kinds: ['image'] }

const channel = (given: Partial<CatalogChannel>): CatalogChannel => ({
  id: 'chan_1',
  name: 'a',
  dialect: builtInChannel.dialect,
  baseUrl: '',
  priority: 0,
  weight: 1,
  enabled: true,
  models: [...builtInChannel.models, real],
  settings: {},
  credentials: [],
  ...given,
})

/** The confined channels, and every change that was requested. */
async function confine(...channels: CatalogChannel[]) {
  const changes: unknown[] = []
  const confined = await confineBuiltInChannels({
    readCatalog: async () => ({ version: 1, channels }),
    changeChannel: async (input) => {
      changes.push(input)
      return { outcome: 'secrets-needed' }
    },
  })
  return { confined, changes }
}

const openai = channel({ id: 'chan_2', dialect: 'openai', models: [real] })

it('a built-in channel serves all of its models while no real channel is enabled', async () => {
  expect((await confine(channel({}))).changes).toEqual([])
  expect((await confine(channel({}), { ...openai, enabled: false })).changes).toEqual([])
})

it('a built-in channel serves only its own models beside a real channel', async () => {
  const { confined, changes } = await confine(channel({}), openai)
  expect(confined).toEqual([{ id: 'chan_1', dialect: builtInChannel.dialect }])
  expect(changes).toEqual([{ channelId: 'chan_1', change: { models: builtInChannel.models } }])
})

it('a built-in channel with names of real models only gets its own instead', async () => {
  const { changes } = await confine(channel({ models: [real] }), openai)
  expect(changes).toEqual([{ channelId: 'chan_1', change: { models: builtInChannel.models } }])
})

it('a confined channel is not changed again', async () => {
  const confined = channel({ models: builtInChannel.models.slice(0, 1) })
  expect((await confine(confined, openai)).changes).toEqual([])
})
