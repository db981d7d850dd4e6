import { expect, it } from 'vitest'

import type { KeyOwner, KeyOwnerStore } from './key-owner-store.ts'

export type SeededOwner = KeyOwner & { wallet: string }

const ada = { id: 'usr_1', email: 'ada@example.com' }
const seeds: SeededOwner[] = [
  {
    apiKeyId: 'key_1',
    name: 'batch',
    prefix: 'sk-1',
    isPanelKey: false,
    user: ada,
    wallet: 'wal_1',
  },
  { apiKeyId: 'key_2', name: 'Panel', prefix: '', isPanelKey: true, user: ada, wallet: 'wal_1' },
  {
    apiKeyId: 'key_3',
    name: 'other',
    prefix: 'sk-3',
    isPanelKey: false,
    user: { id: 'usr_2', email: 'bob@example.com' },
    wallet: 'wal_2',
  },
]

/** The contract of every store of key owners. `make` returns one with the seeds. */
export function keyOwnerStoreContract(
  make: (seeds: readonly SeededOwner[]) => Promise<KeyOwnerStore>,
): void {
  it('finds the owners of several keys, and marks panel keys', async () => {
    const store = await make(seeds)
    const owners = await store.findOwners(['key_3', 'key_2', 'key_404', 'key_3'])
    expect([...owners.keys()].sort()).toEqual(['key_2', 'key_3'])
    const { wallet: _wallet, ...panel } = seeds[1] ?? {}
    expect(owners.get('key_2')).toEqual(panel)
    expect(owners.get('key_3')).toMatchObject({ name: 'other', user: { email: 'bob@example.com' } })
    expect(await store.findOwners([])).toEqual(new Map())
  })

  it('returns the wallet of a user, or undefined for an unknown user', async () => {
    const store = await make(seeds)
    expect(await store.walletOf('usr_2')).toBe('wal_2')
    expect(await store.walletOf('usr_404')).toBeUndefined()
  })
}
