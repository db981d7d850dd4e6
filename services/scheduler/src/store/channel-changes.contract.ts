import type { ChannelChange } from '@sluice/contracts/scheduler.contract'
import { describe, expect, it } from 'vitest'

import { openCatalogScene } from '../../test/catalog-scene.ts'
import type { CatalogStore, ChannelDraft } from './catalog-store.ts'

const HERE = 'https://api.example.test/v1'
const ELSEWHERE = 'https://other.example.test/v1'

/** What any catalog store must do when people make and change channels. `make` answers an empty one. */
export function channelChangesContract(make: () => Promise<CatalogStore>): void {
  const setUp = async () => {
    const { store, clock, id, draft, credential } = await openCatalogScene(make)
    const create = (fingerprints: string[], facts: Partial<ChannelDraft> = {}) =>
      store.insertChannel({
        channel: draft(facts),
        credentials: fingerprints.map(credential),
        at: clock.now(),
      })
    const created = async (fingerprints: string[]) => {
      const channel = await create(fingerprints)
      if (!channel) throw new Error('the name is free')
      return channel
    }
    const change = (channelId: string, asked: ChannelChange, fingerprints: string[] = []) =>
      store.changeChannel({
        channelId,
        change: asked,
        credentials: fingerprints.map(credential),
        at: clock.now(),
      })
    const only = async () => {
      const [channel, ...others] = (await store.load()).channels
      if (channel === undefined || others.length > 0) throw new Error('there should be one')
      return channel
    }
    const setState: (
      id: string,
      state: 'active' | 'paused' | 'attention' | 'retired',
      from?: ('active' | 'paused' | 'attention' | 'retired')[],
    ) => Promise<boolean> = async (credentialId, state, from) => {
      const at = clock.now()
      return (await store.setCredentialState({ credentialId, state, from, at })).changed
    }
    return { store, clock, id, create, created, change, only, setState }
  }
  const boxes = (channel: { credentials: readonly { secret: { box: string } }[] }) =>
    channel.credentials.map(({ secret }) => secret.box).toSorted()

  describe('a new channel', () => {
    it('comes with its pool, at one version, as it is loaded later', async () => {
      const { store, created, only } = await setUp()
      const channel = await created(['one', 'two', 'one'])
      expect(boxes(channel)).toEqual(['box of one', 'box of two'])
      expect(channel).toMatchObject({ name: 'main', settings: { organization: 'org-1' } })
      expect(await only()).toEqual(channel)
      expect(await store.readVersion()).toBe(1)
    })

    it('whose name is taken changes nothing', async () => {
      const { store, create, created, only } = await setUp()
      const channel = await created(['one'])
      expect(await create(['two'], { baseUrl: ELSEWHERE })).toBeUndefined()
      expect(await only()).toEqual(channel)
      expect(await store.readVersion()).toBe(1)
    })

    it('is made once when it is asked for many times at once', async () => {
      const { create, only } = await setUp()
      const made = await Promise.all(Array.from({ length: 6 }, () => create(['one'])))
      expect(made.filter((channel) => channel !== undefined)).toEqual([await only()])
    })
  })

  describe('a change of a channel', () => {
    it('touches only what it names', async () => {
      const { store, created, change, only } = await setUp()
      const channel = await created(['one'])
      expect(await change(channel.id, { enabled: false, priority: undefined })).toEqual({
        outcome: 'changed',
        channel: { ...channel, enabled: false },
        retired: 0,
      })
      const models = [{ model: 'b', upstreamModel: 'B', kinds: ['chat' as const] }]
      await change(channel.id, { models, priority: -2, weight: 7 })
      expect(await only()).toEqual({ ...channel, enabled: false, models, priority: -2, weight: 7 })
      expect(await store.readVersion()).toBe(3)
    })

    it('of settings names those that change, keeps others, and takes away what is null', async () => {
      const { created, change, only } = await setUp()
      const { id } = await created(['one'])
      await Promise.all([
        change(id, { settings: { streamImages: false } }),
        change(id, { settings: { usageInStreams: 'estimate' } }),
      ])
      const both = { organization: 'org-1', streamImages: false, usageInStreams: 'estimate' }
      expect((await only()).settings).toEqual(both)
      await change(id, { settings: { organization: null, streamImages: true } })
      const settings = { streamImages: true, usageInStreams: 'estimate' }
      expect((await only()).settings).toEqual(settings)
      await expect(change(id, { settings: { colour: 'red' } })).rejects.toMatchObject({
        code: 'invalid_value',
        param: 'settings.colour',
      })
      expect((await only()).settings).toEqual(settings)
    })

    it('is kept when another of the same channel is made at the same time', async () => {
      const { created, change, only } = await setUp()
      const { id } = await created(['one'])
      await Promise.all([
        change(id, { priority: 5 }),
        change(id, { weight: 9 }),
        change(id, { enabled: false }),
        change(id, { baseUrl: `${HERE}/beta` }),
      ])
      const expected = { priority: 5, weight: 9, enabled: false, baseUrl: `${HERE}/beta` }
      expect(await only()).toMatchObject(expected)
    })

    it('may bring secrets, and skips those that the channel has', async () => {
      const { created, change } = await setUp()
      const { id } = await created(['one'])
      const result = await change(id, {}, ['one', 'two'])
      if (result.outcome !== 'changed') throw new Error('it stays where it is')
      expect(boxes(result.channel)).toEqual(['box of one', 'box of two'])
      expect(result.retired).toBe(0)
    })

    it('of a channel that is not there, or to an address that is none, is refused', async () => {
      const { id, created, change, only } = await setUp()
      await expect(change(id('chan'), {})).rejects.toMatchObject({ code: 'not_found' })
      const channel = await created(['one'])
      const bad = { code: 'invalid_value', param: 'baseUrl' }
      await expect(change(channel.id, { baseUrl: 'ftp://x' })).rejects.toMatchObject(bad)
      expect(await only()).toEqual(channel)
    })
  })

  describe('a channel that moves to another host', () => {
    it.each(['active', 'paused', 'attention'] as const)(
      'does not take a secret with it that is %s, unless somebody names it again',
      async (state) => {
        const { store, created, change, only, setState } = await setUp()
        const { id, credentials } = await created(['one'])
        await setState(credentials[0]?.id ?? '', state)
        const [before, version] = [await only(), await store.readVersion()]
        const refused = { outcome: 'secrets-needed' }
        expect(await change(id, { baseUrl: ELSEWHERE, weight: 3 })).toEqual(refused)
        const http = { baseUrl: HERE.replace('https', 'http') }
        expect(await change(id, http)).toEqual(refused)
        expect(await change(id, { baseUrl: `${HERE.replace('/v1', ':8443/v1')}` })).toEqual(refused)
        expect(await only()).toEqual(before)
        expect(await store.readVersion()).toBe(version)
      },
    )

    it('retires what was not named again, and forgets what it learned of what was', async () => {
      const { clock, store, created, change, only, setState } = await setUp()
      const { id, credentials } = await created(['one', 'two', 'three'])
      const [one, two] = credentials.toSorted((a, b) => (a.secret.box < b.secret.box ? -1 : 1))
      const credentialId = one?.id ?? ''
      const learned = { credentialId, epoch: 1, attention: 'refused', coolingUntil: null }
      await store.writeHealth({ rows: [learned], at: clock.now() })
      const result = await change(id, { baseUrl: ELSEWHERE }, ['one', 'new'])
      expect(result).toMatchObject({ outcome: 'changed', retired: 2 })
      const channel = await only()
      expect(channel.baseUrl).toBe(ELSEWHERE)
      expect(boxes(channel)).toEqual(['box of new', 'box of one'])
      const kept = channel.credentials.find((row) => row.id === one?.id)
      expect(kept).toMatchObject({ state: 'active', stateReason: null, epoch: 2 })
      expect(await setState(two?.id ?? '', 'active')).toBe(false)
    })

    it('keeps paused what a person paused', async () => {
      const { created, change, only, setState } = await setUp()
      const { id, credentials } = await created(['one'])
      await setState(credentials[0]?.id ?? '', 'paused')
      await change(id, { baseUrl: ELSEWHERE }, ['one'])
      expect((await only()).credentials).toMatchObject([{ state: 'paused' }])
    })

    it('is free to move while its pool is empty', async () => {
      const { created, change, only, setState } = await setUp()
      const { id, credentials } = await created(['one'])
      await setState(credentials[0]?.id ?? '', 'retired')
      expect(await change(id, { baseUrl: ELSEWHERE })).toMatchObject({ outcome: 'changed' })
      expect(await only()).toMatchObject({ baseUrl: ELSEWHERE, credentials: [] })
    })

    it('never gets a secret for the old host under a race', async () => {
      const { clock, store, id, created, change, only, setState } = await setUp()
      const channel = await created(['one'])
      await setState(channel.credentials[0]?.id ?? '', 'retired')
      const late = { keyId: 'k1', box: 'box of late' }
      const credentials = [{ id: id('cred'), secret: late, fingerprint: 'late', concurrencyMax: 1 }]
      const [moved] = await Promise.all([
        change(channel.id, { baseUrl: ELSEWHERE }),
        store.addCredentials({ channelId: channel.id, credentials, at: clock.now() }),
      ])
      const { baseUrl } = await only()
      expect(baseUrl).toBe(moved.outcome === 'changed' ? ELSEWHERE : HERE)
    })
  })

  it('sets a state only from the states that were named', async () => {
    const { created, only, setState } = await setUp()
    const [credential] = (await created(['one'])).credentials
    const id = credential?.id ?? ''
    await setState(id, 'paused')
    expect(await setState(id, 'active', ['active', 'attention'])).toBe(false)
    expect((await only()).credentials).toMatchObject([{ state: 'paused', epoch: 2 }])
    expect(await setState(id, 'active', ['paused'])).toBe(true)
    expect(await setState(id, 'active', ['active', 'attention'])).toBe(true)
    expect((await only()).credentials).toMatchObject([{ state: 'active', epoch: 4 }])
  })
}
