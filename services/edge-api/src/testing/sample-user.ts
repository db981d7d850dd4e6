import type { Principal } from '../http/request.ts'
import type { NewUser } from '../store/identity-store.ts'
import type { NewKey } from '../store/user-api-key-repository.ts'

const createdAt = new Date('2026-11-21T09:00:00.000Z')

/** A user without a password: `usr_1`, with the wallet `wal_1`. */
export const sampleUser = (overrides: Partial<NewUser> = {}): NewUser => ({
  id: 'usr_1',
  email: 'ada@example.com',
  role: 'user',
  wallet: 'wal_1',
  passwordHash: null,
  createdAt,
  ...overrides,
})

/** An API key of `sampleUser`, without limits. */
export const sampleKey = (overrides: Partial<NewKey> = {}): NewKey => ({
  id: 'key_1',
  userId: 'usr_1',
  wallet: 'wal_1',
  hash: 'a'.repeat(64),
  prefix: 'sk-abcd',
  name: 'a key',
  rpmLimit: null,
  models: null,
  networks: null,
  dailyQuotaMicro: null,
  expiresAt: null,
  createdAt,
  ...overrides,
})

/** A caller with the key of `sampleKey`. */
export const samplePrincipal = (overrides: Partial<Principal> = {}): Principal => ({
  apiKeyId: 'key_1',
  wallet: 'wal_1',
  rpmLimit: null,
  models: null,
  networks: null,
  dailyQuotaMicro: null,
  ...overrides,
})
