import type { ChannelChange } from '@sluice/contracts/scheduler.contract'
import { describe, expect, it } from 'vitest'

import { createCatalogFixture } from '../../test/catalog-fixture.ts'
import type { CatalogStore, ChannelDraft } from './catalog-store.ts'

const BASE_URL = 'https://api.example.test/v1'
const OTHER_URL = 'https://other.example.test/v1'

/** The contract of every catalog store for new and changed channels. `make` returns an empty one. */
export function channelChangesContract(make: () => Promise<CatalogStore>): void {
  const setUp = async () => {
    const { store, clock, id, draft, credential } = await createCatalogFixture(make)
    const create = (fingerprints: string[], facts: Partial<ChannelDraft> = {}) =>
      store.insertChannel({
        channel: draft(facts),
        credentials: fingerprints.map(credential),
        at: clock.now(),
      })
    const created = async (fingerprints: string[]) => {
      const channel = await create(fingerprints)
      if (!channel) throw new Error('the name exists')
      return channel
    }
    const change = (channelId: string, fields: ChannelChange, fingerprints: string[] = []) =>
      store.changeChannel({
        channelId,
        change: fields,
        credentials: fingerprints.map(credential),
        at: clock.now(),
      })
    const only = async () => {
      const [channel, ...others] = (await store.load()).channels
      if (channel === undefined || others.length > 0) throw new Error('expected exactly one')
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
    return { store, clock, id, credential, create, created, change, only, setState }
  }
  const boxes = (channel: { credentials: readonly { secret: { box: string } }[] }) =>
    channel.credentials.map(({ secret }) => secret.box).toSorted()

  describe('a new channel', () => {
    it('is stored with its credentials in one version, and returned as it is loaded later', async () => {
      const { store, created, only } = await setUp()
      const channel = await created(['one', 'two', 'one'])
      expect(boxes(channel)).toEqual(['box of one', 'box of two'])
      expect(channel).toMatchObject({ name: 'main', settings: { organization: 'org-1' } })
      expect(await only()).toEqual(channel)
      expect(await store.readVersion()).toBe(1)
    })

    it('with an existing name changes nothing', async () => {
      const { store, create, created, only } = await setUp()
      const channel = await created(['one'])
      expect(await create(['two'], { baseUrl: OTHER_URL })).toBeUndefined()
      expect(await only()).toEqual(channel)
      expect(await store.readVersion()).toBe(1)
    })

    it('is created once by concurrent requests', async () => {
      const { create, only } = await setUp()
      const results = await Promise.all(Array.from({ length: 6 }, () => create(['one'])))
      expect(results.filter((channel) => channel !== undefined)).toEqual([await only()])
    })
  })

  describe('a change of a channel', () => {
    it('changes the given fields only', async () => {
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

    it('of settings changes the given ones, keeps others, and removes those that are null', async () => {
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

    it('is not lost to a concurrent change of the same channel', async () => {
      const { created, change, only } = await setUp()
      const { id } = await created(['one'])
      await Promise.all([
        change(id, { priority: 5 }),
        change(id, { weight: 9 }),
        change(id, { enabled: false }),
        change(id, { baseUrl: `${BASE_URL}/beta` }),
      ])
      const expected = { priority: 5, weight: 9, enabled: false, baseUrl: `${BASE_URL}/beta` }
      expect(await only()).toMatchObject(expected)
    })

    it('may add secrets, and skips those that the channel has', async () => {
      const { created, change } = await setUp()
      const { id } = await created(['one'])
      const result = await change(id, {}, ['one', 'two'])
      if (result.outcome !== 'changed') throw new Error('unexpected secrets-needed')
      expect(boxes(result.channel)).toEqual(['box of one', 'box of two'])
      expect(result.retired).toBe(0)
    })

    it('of an unknown channel, or to an invalid URL, is refused', async () => {
      const { id, created, change, only } = await setUp()
      await expect(change(id('chan'), {})).rejects.toMatchObject({ code: 'not_found' })
      const channel = await created(['one'])
      const bad = { code: 'invalid_value', param: 'baseUrl' }
      await expect(change(channel.id, { baseUrl: 'ftp://x' })).rejects.toMatchObject(bad)
      expect(await only()).toEqual(channel)
    })
  })

  describe('a channel that moves to another origin', () => {
    it.each(['active', 'paused', 'attention'] as const)(
      'does not keep a secret whose state is %s, unless it is given again',
      async (state) => {
        const { store, created, change, only, setState } = await setUp()
        const { id, credentials } = await created(['one'])
        await setState(credentials[0]?.id ?? '', state)
        const [before, version] = [await only(), await store.readVersion()]
        const refused = { outcome: 'secrets-needed' }
        expect(await change(id, { baseUrl: OTHER_URL, weight: 3 })).toEqual(refused)
        const http = { baseUrl: BASE_URL.replace('https', 'http') }
        expect(await change(id, http)).toEqual(refused)
        expect(await change(id, { baseUrl: `${BASE_URL.replace('/v1', ':8443/v1')}` })).toEqual(
          refused,
        )
        expect(await only()).toEqual(before)
        expect(await store.readVersion()).toBe(version)
      },
    )

    it('retires secrets that are not given again, and resets the health of the others', async () => {
      const { clock, store, created, change, only, setState } = await setUp()
      const { id, credentials } = await created(['one', 'two', 'three'])
      const [one, two] = credentials.toSorted((a, b) => (a.secret.box < b.secret.box ? -1 : 1))
      const credentialId = one?.id ?? ''
      const health = { credentialId, epoch: 1, attention: 'refused', coolingUntil: null }
      await store.writeHealth({ rows: [health], at: clock.now() })
      const result = await change(id, { baseUrl: OTHER_URL }, ['one', 'new'])
      expect(result).toMatchObject({ outcome: 'changed', retired: 2 })
      const channel = await only()
      expect(channel.baseUrl).toBe(OTHER_URL)
      expect(boxes(channel)).toEqual(['box of new', 'box of one'])
      const retained = channel.credentials.find((row) => row.id === one?.id)
      expect(retained).toMatchObject({ state: 'active', stateReason: null, epoch: 2 })
      expect(await setState(two?.id ?? '', 'active')).toBe(false)
    })

    it('leaves paused credentials paused', async () => {
      const { created, change, only, setState } = await setUp()
      const { id, credentials } = await created(['one'])
      await setState(credentials[0]?.id ?? '', 'paused')
      await change(id, { baseUrl: OTHER_URL }, ['one'])
      expect((await only()).credentials).toMatchObject([{ state: 'paused' }])
    })

    it('needs no secrets while its pool is empty', async () => {
      const { created, change, only, setState } = await setUp()
      const { id, credentials } = await created(['one'])
      await setState(credentials[0]?.id ?? '', 'retired')
      expect(await change(id, { baseUrl: OTHER_URL })).toMatchObject({ outcome: 'changed' })
      expect(await only()).toMatchObject({ baseUrl: OTHER_URL, credentials: [] })
    })

    it('never receives a concurrently added secret of the old origin', async () => {
      const { clock, store, credential, created, change, only, setState } = await setUp()
      const channel = await created(['one'])
      await setState(channel.credentials[0]?.id ?? '', 'retired')
      const credentials = [credential('late')]
      const [moved] = await Promise.all([
        change(channel.id, { baseUrl: OTHER_URL }),
        store.addCredentials({ channelId: channel.id, credentials, at: clock.now() }),
      ])
      const { baseUrl } = await only()
      expect(baseUrl).toBe(moved.outcome === 'changed' ? OTHER_URL : BASE_URL)
    })
  })

  it('sets a state only from the given states', async () => {
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
