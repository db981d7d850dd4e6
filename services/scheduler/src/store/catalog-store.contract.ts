import { describe, expect, it } from 'vitest'

import type { Credential } from '../catalog/credential.ts'
import { createCatalogFixture } from '../../test/catalog-fixture.ts'
import type { CatalogStore, ChannelDraft } from './catalog-store.ts'

/** The contract of every catalog store. `make` returns an empty one. */
export function catalogStoreContract(make: () => Promise<CatalogStore>): void {
  const setUp = async () => {
    const { store, clock, id, draft, credential } = await createCatalogFixture(make)
    const save = (facts: Partial<ChannelDraft> = {}) =>
      store.saveChannel({ channel: draft(facts), at: clock.now() })
    const add = (channelId: string, fingerprints: string[]) =>
      store.addCredentials({
        channelId,
        credentials: fingerprints.map(credential),
        at: clock.now(),
      })
    const only = async (): Promise<Credential> => {
      const { channels } = await store.load()
      const [found, ...others] = channels.flatMap(({ credentials }) => credentials)
      if (found === undefined || others.length > 0) throw new Error('expected exactly one')
      return found
    }
    const setState = (credentialId: string, state: Credential['state']) =>
      store.setCredentialState({ credentialId, state, at: clock.now() })
    const writeHealth = (facts: {
      credentialId: string
      epoch?: number
      attention?: string
      coolingUntil?: Date
    }) =>
      store.writeHealth({
        rows: [{ epoch: 1, attention: null, coolingUntil: null, ...facts }],
        at: clock.now(),
      })
    const inMs = (ms: number) => new Date(clock.nowMs() + ms)
    const unknownId = id('cred')
    return { store, clock, draft, save, add, only, setState, writeHealth, inMs, unknownId }
  }

  describe('channels', () => {
    it('are empty at version 0', async () => {
      const { store } = await setUp()
      expect(await store.load()).toEqual({ version: 0, channels: [] })
      expect(await store.readVersion()).toBe(0)
    })

    it('are loaded as they were saved', async () => {
      const { store, draft, clock } = await setUp()
      const models: ChannelDraft['models'] = [
        { model: 'a', upstreamModel: 'A-1', kinds: ['chat'], outputTokensMax: 4_096 },
        { model: 'b', upstreamModel: 'B-1', kinds: ['chat', 'image'] },
      ]
      const settings = { latencyMs: 5, nested: { list: [1, 'two', null] } }
      const channel = draft({ models, settings, priority: -3, weight: 7, enabled: false })
      const { channelId } = await store.saveChannel({ channel, at: clock.now() })
      const { newChannelId, ...facts } = channel
      expect(channelId).toBe(newChannelId)
      expect(await store.load()).toEqual({
        version: 1,
        channels: [{ ...facts, id: channelId, credentials: [] }],
      })
    })

    it('of the same name are replaced and keep their id and credentials', async () => {
      const { store, save, add } = await setUp()
      const first = await save()
      await add(first.channelId, ['one'])
      const models: ChannelDraft['models'] = [
        { model: 'other', upstreamModel: 'other', kinds: ['chat'] },
      ]
      expect(await save({ models, weight: 9 })).toEqual(first)
      const { channels } = await store.load()
      expect(channels).toHaveLength(1)
      expect(channels[0]).toMatchObject({ id: first.channelId, weight: 9, models })
      expect(channels[0]?.credentials).toHaveLength(1)
    })
  })

  describe('credentials', () => {
    it('are added once per secret and channel, also when one import contains a secret twice', async () => {
      const { save, add } = await setUp()
      const { channelId } = await save()
      const other = await save({ name: 'other' })
      expect(await add(channelId, ['one', 'two', 'one'])).toEqual({ added: 2, known: 1 })
      expect(await add(channelId, ['two', 'three'])).toEqual({ added: 1, known: 1 })
      expect(await add(other.channelId, ['one'])).toEqual({ added: 1, known: 0 })
    })

    it('are new with the state active, epoch 1 and their sealed secret', async () => {
      const { save, add, only } = await setUp()
      const { channelId } = await save()
      await add(channelId, ['one'])
      expect(await only()).toMatchObject({
        channelId,
        state: 'active',
        stateReason: null,
        concurrencyMax: 4,
        epoch: 1,
        coolingUntil: null,
        secret: { keyId: 'k1', box: 'box of one' },
      })
    })

    it('are refused for an unknown channel', async () => {
      const { add, unknownId } = await setUp()
      await expect(add(unknownId, ['one'])).rejects.toMatchObject({ code: 'not_found' })
    })

    it('that are retired leave the catalog for ever, and their secret can be imported again', async () => {
      const { store, save, add, only, setState } = await setUp()
      const { channelId } = await save()
      await add(channelId, ['one'])
      const { id } = await only()
      expect(await setState(id, 'retired')).toEqual({ changed: true, channelId })
      expect((await store.load()).channels[0]?.credentials).toEqual([])
      expect(await store.countRetired()).toBe(1)
      expect(await setState(id, 'active')).toEqual({ changed: false, channelId })
      expect(await add(channelId, ['one'])).toEqual({ added: 1, known: 0 })
      expect((await only()).id).not.toBe(id)
    })

    it('have a new epoch after every change of the state, and after each resume', async () => {
      const { save, add, only, setState, unknownId } = await setUp()
      await add((await save()).channelId, ['one'])
      const { id } = await only()
      expect(await setState(id, 'paused')).toMatchObject({ changed: true })
      expect(await setState(id, 'paused')).toMatchObject({ changed: false })
      expect(await only()).toMatchObject({ state: 'paused', epoch: 2 })
      expect(await setState(id, 'active')).toMatchObject({ changed: true })
      expect(await setState(id, 'active')).toMatchObject({ changed: true })
      expect(await only()).toMatchObject({ state: 'active', epoch: 4 })
      await expect(setState(unknownId, 'active')).rejects.toMatchObject({ code: 'not_found' })
    })
  })

  describe('stored health', () => {
    it('has attention with its reason, and the end of a cooldown', async () => {
      const { save, add, only, writeHealth, inMs } = await setUp()
      await add((await save()).channelId, ['one'])
      const { id: credentialId } = await only()
      expect(await writeHealth({ credentialId, coolingUntil: inMs(60_000) })).toBe(1)
      expect(await only()).toMatchObject({ state: 'active', coolingUntil: inMs(60_000), epoch: 1 })
      expect(await writeHealth({ credentialId, attention: '401 from upstream' })).toBe(1)
      expect(await only()).toMatchObject({
        state: 'attention',
        stateReason: '401 from upstream',
        coolingUntil: inMs(60_000),
        epoch: 1,
      })
    })

    it('does not change for equal health or an earlier end', async () => {
      const { store, save, add, only, writeHealth, inMs } = await setUp()
      await add((await save()).channelId, ['one'])
      const { id: credentialId } = await only()
      await writeHealth({ credentialId, coolingUntil: inMs(60_000) })
      const version = await store.readVersion()
      expect(await writeHealth({ credentialId, coolingUntil: inMs(60_000) })).toBe(0)
      expect(await writeHealth({ credentialId, coolingUntil: inMs(5_000) })).toBe(0)
      expect(await writeHealth({ credentialId })).toBe(0)
      expect(await store.writeHealth({ rows: [], at: inMs(0) })).toBe(0)
      expect(await store.readVersion()).toBe(version)
    })

    it('does not change for an earlier epoch or an unknown credential', async () => {
      const { save, add, only, writeHealth, setState, inMs, unknownId } = await setUp()
      await add((await save()).channelId, ['one'])
      const { id: credentialId } = await only()
      await writeHealth({ credentialId, attention: 'refused', coolingUntil: inMs(60_000) })
      await setState(credentialId, 'active')
      const resumed = { state: 'active', stateReason: null, coolingUntil: null, epoch: 2 }
      expect(await only()).toMatchObject(resumed)
      expect(await writeHealth({ credentialId, attention: 'refused', epoch: 1 })).toBe(0)
      expect(await writeHealth({ credentialId: unknownId, attention: 'refused' })).toBe(0)
      expect(await only()).toMatchObject(resumed)
      expect(await writeHealth({ credentialId, attention: 'refused again', epoch: 2 })).toBe(1)
      expect(await only()).toMatchObject({ state: 'attention', stateReason: 'refused again' })
    })

    it('does not change a paused credential', async () => {
      const { save, add, only, writeHealth, setState } = await setUp()
      await add((await save()).channelId, ['one'])
      const { id: credentialId } = await only()
      await setState(credentialId, 'paused')
      expect(await writeHealth({ credentialId, epoch: 2, attention: 'refused' })).toBe(0)
      expect(await only()).toMatchObject({ state: 'paused' })
    })
  })

  it('raises the version with every change and only then', async () => {
    const { store, save, add, only, setState, writeHealth, inMs } = await setUp()
    const versions: number[] = []
    const recordVersion = async () => void versions.push(await store.readVersion())
    const { channelId } = await save()
    await recordVersion()
    await add(channelId, ['one'])
    await recordVersion()
    await add(channelId, ['one'])
    await recordVersion()
    const { id: credentialId } = await only()
    await setState(credentialId, 'active')
    await recordVersion()
    expect(await writeHealth({ credentialId, epoch: 2, coolingUntil: inMs(60_000) })).toBe(1)
    await recordVersion()
    await writeHealth({ credentialId, epoch: 2, attention: 'refused' })
    await recordVersion()
    await setState(credentialId, 'attention')
    await recordVersion()
    expect(versions).toEqual([1, 2, 2, 3, 3, 4, 4])
    expect((await store.load()).version).toBe(4)
  })
}
