import { newId } from '@sluice/kernel/ids'

import type { AccountDeps } from '../account-deps.ts'
import type { StoredUser } from '../store/key-store.ts'

export interface CreateUser {
  email: string
  role: 'admin' | 'user'
  /** PHC string; null for people who do not sign in with a password. */
  passwordHash: string | null
}

/** Writes a user with a new wallet once; the same e-mail again answers the user who is there. */
export async function createUser(
  { keyStore, clock, random }: Pick<AccountDeps, 'keyStore' | 'clock' | 'random'>,
  input: CreateUser,
): Promise<StoredUser & { fresh: boolean }> {
  return keyStore.insertUser({
    ...input,
    id: newId('usr', { clock, random }),
    wallet: newId('wal', { clock, random }),
    createdAt: clock.now(),
  })
}
