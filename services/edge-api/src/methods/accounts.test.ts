import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'

import { createAccounts } from '../accounts.ts'
import { verifyPassword } from '../identity/password-hash.ts'
import { keyHash } from '../auth/key-hash.ts'
import { memoryIdentityStore } from '../store/memory-identity-store.ts'
import { memoryKeyStore } from '../store/memory-key-store.ts'

const pepper = Buffer.alloc(32, 7).toString('base64')

function setUp() {
  const keyStore = memoryKeyStore()
  const identityStore = memoryIdentityStore(keyStore)
  const fixture = { clock: fakeClock(), random: seededRandom(1) }
  const accounts = createAccounts({ keyStore, identityStore, pepper, ...fixture })
  return { keyStore, identityStore, accounts }
}

test('an issued key is found by its hash, and can be revoked once', async () => {
  const { accounts, keyStore } = setUp()
  const user = await accounts.createUser({ email: 'A@b.test', role: 'user', password: null })
  const key = await accounts.issueKey({ userId: user.id, wallet: user.wallet, name: 'k' })
  const found = await keyStore.findByHash(keyHash(pepper)(key.apiKey))
  expect(found).toMatchObject({ id: key.id, wallet: user.wallet, revokedAt: null })
  expect(await accounts.revokeKey({ id: key.id })).toBe(true)
  expect(await accounts.revokeKey({ id: key.id })).toBe(false)
})

test('a key cannot be issued for models that differ only by case', async () => {
  const { accounts } = setUp()
  const user = await accounts.createUser({ email: 'a@b.test', role: 'user', password: null })
  const owner = { userId: user.id, wallet: user.wallet, name: 'k', models: ['gpt-5', 'GPT-5'] }
  await expect(accounts.issueKey(owner)).rejects.toMatchObject({ code: 'invalid_value' })
})

test('a key with an operator-chosen secret is issued once', async () => {
  const { accounts } = setUp()
  const user = await accounts.createUser({ email: 'a@b.test', role: 'user', password: null })
  const owner = { userId: user.id, wallet: user.wallet, name: 'k', secret: 'a-key-of-the-operator' }
  const first = await accounts.issueKey(owner)
  const second = await accounts.issueKey(owner)
  expect([first.created, second.created]).toEqual([true, false])
  expect(second.id).toBe(first.id)
})

test('an e-mail address belongs to one user with one wallet, in any case', async () => {
  const { accounts } = setUp()
  const input = { role: 'user', password: null } as const
  const first = await accounts.createUser({ ...input, email: 'Me@b.test' })
  const again = await accounts.createUser({ ...input, email: 'me@B.test' })
  expect(again).toMatchObject({ id: first.id, wallet: first.wallet, created: false })
})

test('a replaced password is the only valid one', async () => {
  const { accounts, identityStore } = setUp()
  const { id } = await accounts.createUser({
    email: 'a@b.test',
    role: 'admin',
    password: 'a password of length',
  })
  const replaced = await accounts.replacePassword({ email: 'A@b.test' })
  expect(replaced).toMatchObject({ user: { id, role: 'admin' } })
  const hash = (await identityStore.findPasswordHash(id)) ?? ''
  expect(await verifyPassword(hash, replaced?.password ?? '')).toBe(true)
  expect(await verifyPassword(hash, 'a password of length')).toBe(false)
  expect(await accounts.replacePassword({ email: 'unknown@b.test' })).toBeUndefined()
})

test('a password is stored as an argon2id hash, and creating the user again does not change it', async () => {
  const { accounts, identityStore } = setUp()
  const input = { email: 'a@b.test', role: 'admin' } as const
  const { id } = await accounts.createUser({ ...input, password: 'a password of length' })
  await accounts.createUser({ ...input, password: 'another one of length' })
  const hash = (await identityStore.findPasswordHash(id)) ?? ''
  expect(hash).toMatch(/^\$argon2id\$/)
  expect(await verifyPassword(hash, 'a password of length')).toBe(true)
  expect(await verifyPassword(hash, 'another one of length')).toBe(false)
  const short = accounts.createUser({ ...input, email: 'b@b.test', password: 'short' })
  await expect(short).rejects.toMatchObject({ code: 'invalid_value', param: 'password' })
})
