import { describe, expect, it } from 'vitest'

import { sampleKey } from '../testing/sample-user.ts'
import type { KeyStore } from './key-store.ts'
import type { NewKey } from './user-api-key-repository.ts'

const at = new Date('2026-11-21T09:00:00.000Z')
const later = (ms: number) => new Date(at.getTime() + ms)

const key = (n: number, facts: Partial<NewKey> = {}): NewKey =>
  sampleKey({
    id: `key_${n}`,
    hash: n.toString(16).padStart(64, '0'),
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
 * The contract of every repository of users' own keys. The users `usr_1` and `usr_2` exist; `outbox` lists
 * the ids of keys with an unpublished change.
 */
export function userApiKeyRepositoryContract(
  make: () => Promise<{ store: KeyStore; outbox: () => Promise<string[]> }>,
): void {
  const own = { userId: 'usr_1', id: 'key_1' }
  const prepared = async () => {
    const made = await make()
    await made.store.insertIfUnderLimit(key(1), { liveMax: 9 })
    return made
  }

  describe('a repository of own keys', () => {
    it('returns a key as it was written, without its hash', async () => {
      const { store } = await prepared()
      expect(await store.findKey(own)).toEqual({
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

    it("returns neither another user's key nor a panel key", async () => {
      const { store, outbox } = await prepared()
      const panel = { id: 'key_p', userId: 'usr_1', wallet: 'wal_1', hash: 'f'.repeat(64) }
      await store.ensurePanelKey({ ...panel, createdAt: at })
      const foreign = { userId: 'usr_2', id: 'key_1' }
      for (const ref of [foreign, { userId: 'usr_1', id: 'key_p' }]) {
        expect(await store.findKey(ref)).toBeUndefined()
        expect(await store.editKey(ref, { changes: { name: 'x' }, at })).toBeUndefined()
        expect(await store.revokeOwnKey(ref, { at })).toBeUndefined()
      }
      expect(await store.revokeKey({ id: 'key_p', at })).toBe(false)
      const ids = (await store.listKeys({ userId: 'usr_1', limit: 9 })).map(({ id }) => id)
      expect(ids).toEqual(['key_1'])
      expect(await store.listKeys({ userId: 'usr_2', limit: 9 })).toEqual([])
      expect(await outbox()).toEqual([])
    })

    it('lists newest first, page by page, unaffected by a key created meanwhile', async () => {
      const { store } = await prepared()
      for (const n of [2, 3, 4]) await store.insertIfUnderLimit(key(n), { liveMax: 9 })
      const page = async (before?: string) =>
        (await store.listKeys({ userId: 'usr_1', before, limit: 2 })).map(({ id }) => id)
      expect(await page()).toEqual(['key_4', 'key_3'])
      await store.insertIfUnderLimit(key(5), { liveMax: 9 })
      expect(await page('key_3')).toEqual(['key_2', 'key_1'])
      expect(await page('key_1')).toEqual([])
    })

    it('changes only the given fields, and enqueues the change', async () => {
      const { store, outbox } = await prepared()
      const before = await store.findKey(own)
      const named = await store.editKey(own, { changes: { name: 'new' }, at })
      expect(named).toEqual({ ...before, name: 'new' })
      expect(await outbox()).toEqual(['key_1'])
      const lifted = {
        rpmLimit: null,
        dailyQuotaMicro: null,
        models: null,
        networks: null,
        expiresAt: null,
      }
      expect(await store.editKey(own, { changes: lifted, at })).toMatchObject(lifted)
      const set = { rpmLimit: 5, dailyQuotaMicro: 7n, models: ['m'], networks: ['10.1.0.0/16'] }
      await store.editKey(own, { changes: { ...set, expiresAt: later(9) }, at })
      expect(await store.findByHash(key(1).hash)).toMatchObject({ ...set, expiresAt: later(9) })
    })

    it('enqueues nothing for an empty change', async () => {
      const { store, outbox } = await prepared()
      expect(await store.editKey(own, { changes: {}, at })).toMatchObject({ id: 'key_1' })
      expect(await outbox()).toEqual([])
    })

    it('revokes a key once, and changes nothing of it afterwards', async () => {
      const { store, outbox } = await prepared()
      expect(await store.revokeOwnKey(own, { at })).toBe('revoked')
      expect(await outbox()).toEqual(['key_1'])
      expect(await store.revokeOwnKey(own, { at: later(1) })).toBe('known')
      expect(await store.editKey(own, { changes: { name: 'x' }, at })).toBe('revoked')
      expect(await store.editKey(own, { changes: {}, at })).toBe('revoked')
      expect(await store.findKey(own)).toMatchObject({ name: 'key 1', revokedAt: at })
    })

    it('limits the live keys of a user, also under concurrent inserts', async () => {
      const { store } = await prepared()
      const made = await Promise.all(
        [2, 3, 4, 5, 6].map((n) => store.insertIfUnderLimit(key(n), { liveMax: 3 })),
      )
      expect(made.filter(Boolean)).toHaveLength(2)
      expect(await store.insertIfUnderLimit(key(7), { liveMax: 3 })).toBe(false)
      await store.revokeOwnKey(own, { at })
      expect(await store.insertIfUnderLimit(key(8), { liveMax: 3 })).toBe(true)
      expect(await store.insertIfUnderLimit(key(9, { userId: 'usr_2' }), { liveMax: 1 })).toBe(true)
    })

    it('stores the last use of a key to the minute, and never moves it back', async () => {
      const { store } = await prepared()
      const usedAt = async () => (await store.findKey(own))?.lastUsedAt
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
