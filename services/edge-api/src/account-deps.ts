import type { Clock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'

import type { KeyHash } from './auth/key-hash.ts'
import type { IdentityStore } from './store/identity-store.ts'
import type { KeyStore } from './store/key-store.ts'

/** Dependencies of the methods on users and API keys. */
export interface AccountDeps {
  keyStore: KeyStore
  identityStore: IdentityStore
  keyHash: KeyHash
  clock: Clock
  random: Random
}
