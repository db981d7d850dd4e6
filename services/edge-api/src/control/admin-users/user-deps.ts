import type { Billing } from '@sluice/contracts/billing.contract'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'

import type { Identity } from '../../identity/identity.ts'
import type { IdentityStore } from '../../store/identity-store.ts'

/** Dependencies of the operations on users. */
export interface UserDeps {
  identity: Pick<Identity, 'findUserById' | 'createUser' | 'setRole' | 'ban' | 'unban'>
  users: Pick<IdentityStore, 'listUserRows'>
  billing: Pick<Billing, 'readBalance' | 'readBalances' | 'grantCredits'>
  clock: Clock
  random: Random
  log: Log
}
