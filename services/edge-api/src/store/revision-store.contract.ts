import { describe, expect, it } from 'vitest'

import { sampleKey, sampleUser } from '../testing/sample-user.ts'
import type { IdentityStore } from './identity-store.ts'
import type { KeyStore } from './key-store.ts'
import type { RevisionStore } from './revision-store.ts'

const at = new Date('2026-11-21T09:00:00.000Z')

/** The contract of every revision store. It shares its keys and users with the other two stores. */
export function revisionStoreContract(
  make: () => Promise<{ store: RevisionStore; keys: KeyStore; identity: IdentityStore }>,
): void {
  const prepared = async () => {
    const made = await make()
    const { keys, identity, store } = made
    await identity.insertUser(sampleUser())
    for (const n of [1, 2, 3])
      await keys.insertKey(sampleKey({ id: `key_${n}`, hash: String(n).repeat(64) }))
    const { apiKeys: before } = await store.readRevisions()
    const changed = async (since = before, limit = 10) => {
      const rows = await store.listChangedKeys({ since, limit })
      return rows.map(({ id }) => id)
    }
    const revision = async () => (await store.readRevisions()).apiKeys
    return { ...made, before, changed, revision }
  }
  const ref = (n: number) => ({ userId: 'usr_1', id: `key_${n}` })

  describe('a store of revisions', () => {
    it('does not change for a write that affects no decision', async () => {
      const { keys, revision, before, changed } = await prepared()
      await keys.touchLastUsed([{ apiKeyId: 'key_1', at }])
      expect(await keys.revokeKey({ id: 'key_9', at })).toBe(false)
      expect([await revision(), await changed()]).toEqual([before, []])
    })

    it.each([
      ['a revocation', (keys: KeyStore) => keys.revokeKey({ id: 'key_2', at })],
      ['a revocation by its owner', (keys: KeyStore) => keys.revokeOwnKey(ref(2), { at })],
      [
        'an edit',
        (keys: KeyStore) => keys.editKey(ref(2), { changes: { models: ['gpt-5-mini'] }, at }),
      ],
      [
        'a quota',
        (keys: KeyStore) => keys.editKey(ref(2), { changes: { dailyQuotaMicro: 1n }, at }),
      ],
    ])('lists the key of %s', async (_name, change) => {
      const { keys, revision, before, changed } = await prepared()
      await change(keys)
      expect(await revision()).toBeGreaterThan(before)
      expect(await changed()).toEqual(['key_2'])
    })

    it('lists the newest first, and only changes since the given revision', async () => {
      const { keys, revision, changed, store } = await prepared()
      await keys.revokeKey({ id: 'key_3', at })
      const middle = await revision()
      await keys.revokeKey({ id: 'key_1', at })
      expect(await changed()).toEqual(['key_1', 'key_3'])
      expect(await changed(middle)).toEqual(['key_1'])
      const [newest] = await store.listChangedKeys({ since: middle, limit: 1 })
      expect(newest?.revision).toBe(await revision())
    })

    it('lists every key of a banned user, and again when the ban ends', async () => {
      const { identity, revision, changed } = await prepared()
      const ban = { at, reason: 'abuse', by: null }
      const setBan = (next: typeof ban | null) =>
        identity.changeUserStatus({ userId: 'usr_1', at }, ({ role }) => ({ role, ban: next }))
      await setBan(ban)
      expect((await changed()).toSorted()).toEqual(['key_1', 'key_2', 'key_3'])
      const middle = await revision()
      await setBan(null)
      expect((await changed(middle)).toSorted()).toEqual(['key_1', 'key_2', 'key_3'])
    })
  })
}
