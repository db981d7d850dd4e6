import type { Role } from '@sluice/contracts/control/permissions'
import { newId } from '@sluice/kernel/ids'

import type { AccountDeps } from '../account-deps.ts'
import { hashPassword } from '../identity/password-hash.ts'
import { checkNewPassword } from '../identity/passwords.ts'
import type { StoredUser } from '../store/identity-store.ts'

export interface CreateUser {
  email: string
  role: Role
  /** Null for users who do not sign in with a password. */
  password: string | null
}

/**
 * Creates a user with a new wallet; idempotent by e-mail: an existing user is returned with an unchanged
 * password. Throws `invalid_value` for a password that is too short or too long, `weak_password`.
 */
export async function createUser(
  { identityStore, clock, random }: Pick<AccountDeps, 'identityStore' | 'clock' | 'random'>,
  { email, role, password }: CreateUser,
): Promise<StoredUser & { created: boolean }> {
  // An existing user keeps their password, so the given one is not checked again at every start.
  const known = await identityStore.findSignIn(email.toLowerCase())
  if (password !== null && !known) await checkNewPassword({ password, email })
  const { user, created } = await identityStore.insertUser({
    email,
    role,
    passwordHash: password === null ? null : await hashPassword({ random }, password),
    id: newId('usr', { clock, random }),
    wallet: newId('wal', { clock, random }),
    createdAt: clock.now(),
  })
  return { ...user, created }
}
