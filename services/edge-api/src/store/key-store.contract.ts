import { describe, expect, it } from 'vitest'

import { sampleKey, sampleUser } from '../testing/sample-user.ts'
import type { IdentityStore } from './identity-store.ts'
import type { KeyStore } from './key-store.ts'

const at = new Date('2026-11-21T09:00:00.000Z')

const user = sampleUser()
const key = sampleKey({
  rpmLimit: 60,
  models: ['gpt-5-mini', 'näme with "quotes"'],
  expiresAt: new Date('2027-01-01T00:00:00.000Z'),
})

/**
 * The contract of every key store. `identity` holds the keys' owners; `outbox` lists the ids of keys with an
 * unpublished change.
 */
export function keyStoreContract(
  make: () => Promise<{
    store: KeyStore
    identity: IdentityStore
    outbox: () => Promise<string[]>
  }>,
): void {
  const prepared = async () => {
    const made = await make()
    await made.identity.insertUser(user)
    await made.store.insertKey(key)
    return made
  }

  describe('a key store', () => {
    it('finds a key by its hash, and nothing by another hash', async () => {
      const { store } = await prepared()
      expect(await store.findByHash(key.hash)).toEqual({
        id: 'key_1',
        wallet: 'wal_1',
        rpmLimit: 60,
        models: key.models,
        networks: null,
        dailyQuotaMicro: null,
        expiresAt: key.expiresAt,
        revokedAt: null,
        ownerBannedAt: null,
      })
      expect(await store.findByHash('b'.repeat(64))).toBeUndefined()
    })

    it('stores a key without limits', async () => {
      const { store } = await prepared()
      const free = { ...key, id: 'key_2', hash: 'c'.repeat(64), expiresAt: null }
      await store.insertKey({ ...free, rpmLimit: null, models: null })
      const found = await store.findByHash(free.hash)
      expect(found).toMatchObject({ rpmLimit: null, models: null, expiresAt: null })
    })

    it('writes a key once, whatever id the second write has', async () => {
      const { store } = await prepared()
      expect(await store.insertKey({ ...key, id: 'key_9' })).toEqual({
        id: 'key_1',
        created: false,
      })
    })

    it('revokes a key once, and enqueues the change', async () => {
      const { store, outbox } = await prepared()
      expect(await store.revokeKey({ id: 'key_1', at })).toBe(true)
      expect((await store.findByHash(key.hash))?.revokedAt).toEqual(at)
      expect(await outbox()).toEqual(['key_1'])
      expect(await store.revokeKey({ id: 'key_1', at: new Date(at.getTime() + 1) })).toBe(false)
      expect((await store.findByHash(key.hash))?.revokedAt).toEqual(at)
      expect(await store.revokeKey({ id: 'key_unknown', at })).toBe(false)
    })

    it('creates one panel key per user under concurrency, with the hash of no key', async () => {
      const { store } = await prepared()
      const owner = { userId: user.id, wallet: user.wallet, createdAt: at }
      const racers = [1, 2, 3, 4].map((n) =>
        store.ensurePanelKey({ ...owner, id: `key_p${n}`, hash: `${n}`.repeat(64) }),
      )
      const made = await Promise.all(racers)
      expect(new Set(made.map(({ id }) => id)).size).toBe(1)
      expect(made[0]).toMatchObject({ wallet: 'wal_1' })
      const later = await store.ensurePanelKey({ ...owner, id: 'key_p9', hash: '9'.repeat(64) })
      expect(later).toEqual(made[0])
    })

    it('finds a banned owner with the key, and none once the ban is lifted', async () => {
      const { store, identity } = await prepared()
      const owner = { userId: user.id, at }
      const role = 'user' as const
      const ban = { at, reason: 'spam', by: null }
      await identity.changeUserStatus(owner, () => ({ role, ban }))
      expect((await store.findByHash(key.hash))?.ownerBannedAt).toEqual(at)
      await identity.changeUserStatus(owner, () => ({ role, ban: null }))
      expect((await store.findByHash(key.hash))?.ownerBannedAt).toBeNull()
    })
  })
}
