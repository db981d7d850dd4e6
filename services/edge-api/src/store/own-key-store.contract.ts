import { describe, expect, it } from 'vitest'

import type { KeyStore } from './key-store.ts'
import type { NewKey } from './own-key-store.ts'

const at = new Date('2026-11-21T09:00:00.000Z')
const later = (ms: number) => new Date(at.getTime() + ms)

const key = (n: number, facts: Partial<NewKey> = {}): NewKey => ({
  id: `key_${n}`,
  userId: 'usr_1',
  wallet: 'wal_1',
  hash: n.toString(16).padStart(64, '0'),
  prefix: 'sk-abcd',
  name: `key ${n}`,
  rpmLimit: 60,
  models: ['gpt-5-mini'],
  networks: ['10.0.0.0/8', '2001:db8::1/128'],
  dailyQuotaMicro: 5_000_000_000_000n,
  expiresAt: later(1_000),
  createdAt: at,
  ...facts,
})

/**
 * What every store promises of people's own keys. There are the users `usr_1` and `usr_2`; `outbox` lists
 * the ids of keys whose change is still to be told.
 */
export function ownKeyStoreContract(
  make: () => Promise<{ store: KeyStore; outbox: () => Promise<string[]> }>,
): void {
  const mine = { userId: 'usr_1', id: 'key_1' }
  const prepared = async () => {
    const made = await make()
    await made.store.insertIfUnderLimit(key(1), { liveMax: 9 })
    return made
  }

  describe('a store of own keys', () => {
    it('shows a key as it was written, without what opens it', async () => {
      const { store } = await prepared()
      expect(await store.findKey(mine)).toEqual({
        id: 'key_1',
        name: 'key 1',
        prefix: 'sk-abcd',
        rpmLimit: 60,
        models: ['gpt-5-mini'],
        networks: ['10.0.0.0/8', '2001:db8::1/128'],
        dailyQuotaMicro: 5_000_000_000_000n,
        expiresAt: later(1_000),
        createdAt: at,
        lastUsedAt: null,
        revokedAt: null,
      })
      expect(await store.findByHash(key(1).hash)).toMatchObject({
        networks: ['10.0.0.0/8', '2001:db8::1/128'],
        dailyQuotaMicro: 5_000_000_000_000n,
      })
    })

    it("has nothing of another person's, and no panel key", async () => {
      const { store, outbox } = await prepared()
      const panel = { id: 'key_p', userId: 'usr_1', wallet: 'wal_1', hash: 'f'.repeat(64) }
      await store.ensurePanelKey({ ...panel, createdAt: at })
      const foreign = { userId: 'usr_2', id: 'key_1' }
      for (const name of [foreign, { userId: 'usr_1', id: 'key_p' }]) {
        expect(await store.findKey(name)).toBeUndefined()
        expect(await store.editKey(name, { changes: { name: 'x' }, at })).toBeUndefined()
        expect(await store.revokeOwnKey(name, { at })).toBeUndefined()
      }
      expect(await store.revokeKey({ id: 'key_p', at })).toBe(false)
      const ids = (await store.listKeys({ userId: 'usr_1', limit: 9 })).map(({ id }) => id)
      expect(ids).toEqual(['key_1'])
      expect(await store.listKeys({ userId: 'usr_2', limit: 9 })).toEqual([])
      expect(await outbox()).toEqual([])
    })

    it('lists newest first, page by page, and a key made meanwhile moves nothing', async () => {
      const { store } = await prepared()
      for (const n of [2, 3, 4]) await store.insertIfUnderLimit(key(n), { liveMax: 9 })
      const page = async (before?: string) =>
        (await store.listKeys({ userId: 'usr_1', before, limit: 2 })).map(({ id }) => id)
      expect(await page()).toEqual(['key_4', 'key_3'])
      await store.insertIfUnderLimit(key(5), { liveMax: 9 })
      expect(await page('key_3')).toEqual(['key_2', 'key_1'])
      expect(await page('key_1')).toEqual([])
    })

    it('changes what is named and nothing else, and promises that every edge hears of it', async () => {
      const { store, outbox } = await prepared()
      const before = await store.findKey(mine)
      const named = await store.editKey(mine, { changes: { name: 'new' }, at })
      expect(named).toEqual({ ...before, name: 'new' })
      expect(await outbox()).toEqual(['key_1'])
      const lifted = {
        rpmLimit: null,
        dailyQuotaMicro: null,
        models: null,
        networks: null,
        expiresAt: null,
      }
      expect(await store.editKey(mine, { changes: lifted, at })).toMatchObject(lifted)
      const set = { rpmLimit: 5, dailyQuotaMicro: 7n, models: ['m'], networks: ['10.1.0.0/16'] }
      await store.editKey(mine, { changes: { ...set, expiresAt: later(9) }, at })
      expect(await store.findByHash(key(1).hash)).toMatchObject({ ...set, expiresAt: later(9) })
    })

    it('tells nobody of a change that changes nothing', async () => {
      const { store, outbox } = await prepared()
      expect(await store.editKey(mine, { changes: {}, at })).toMatchObject({ id: 'key_1' })
      expect(await outbox()).toEqual([])
    })

    it('revokes a key once, and changes nothing of it from then on', async () => {
      const { store, outbox } = await prepared()
      expect(await store.revokeOwnKey(mine, { at })).toBe('revoked')
      expect(await outbox()).toEqual(['key_1'])
      expect(await store.revokeOwnKey(mine, { at: later(1) })).toBe('known')
      expect(await store.editKey(mine, { changes: { name: 'x' }, at })).toBe('revoked')
      expect(await store.editKey(mine, { changes: {}, at })).toBe('revoked')
      expect(await store.findKey(mine)).toMatchObject({ name: 'key 1', revokedAt: at })
    })

    it('lets a person have so many live keys and no more, however many are made at once', async () => {
      const { store } = await prepared()
      const made = await Promise.all(
        [2, 3, 4, 5, 6].map((n) => store.insertIfUnderLimit(key(n), { liveMax: 3 })),
      )
      expect(made.filter(Boolean)).toHaveLength(2)
      expect(await store.insertIfUnderLimit(key(7), { liveMax: 3 })).toBe(false)
      await store.revokeOwnKey(mine, { at })
      expect(await store.insertIfUnderLimit(key(8), { liveMax: 3 })).toBe(true)
      expect(await store.insertIfUnderLimit(key(9, { userId: 'usr_2' }), { liveMax: 1 })).toBe(true)
    })

    it('knows when a key was used, to the minute, and never goes back', async () => {
      const { store } = await prepared()
      const usedAt = async () => (await store.findKey(mine))?.lastUsedAt
      await store.touchLastUsed([
        { apiKeyId: 'key_1', at: later(500) },
        { apiKeyId: 'key_unknown', at },
      ])
      expect(await usedAt()).toEqual(later(500))
      await store.touchLastUsed([{ apiKeyId: 'key_1', at: later(60_500) }])
      expect(await usedAt()).toEqual(later(500))
      await store.touchLastUsed([{ apiKeyId: 'key_1', at: later(60_501) }])
      await store.touchLastUsed([{ apiKeyId: 'key_1', at }])
      expect(await usedAt()).toEqual(later(60_501))
      await store.touchLastUsed([])
    })
  })
}
