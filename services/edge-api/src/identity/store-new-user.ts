import type { Role } from '@sluice/contracts/control/permissions'
import { AppError } from '@sluice/kernel/app-error'
import { newId } from '@sluice/kernel/ids'

import type { StoredUser } from '../store/identity-store.ts'
import type { IdentityContext } from './identity-deps.ts'
import { checkNewPassword } from './passwords.ts'

/**
 * Writes a user with a wallet of their own. `group` is the group of the hash in the queue. Throws
 * `email_taken`, `invalid_value`, `weak_password`.
 */
export async function storeNewUser(
  context: IdentityContext,
  input: { email: string; role: Role; password: string; group: string },
): Promise<{ user: StoredUser; passwordHash: string }> {
  const { password, email, group } = input
  await checkNewPassword({ password, email })
  const passwordHash = await context.passwords.hash(password, { group })
  const { user, created } = await context.store.insertUser({
    id: newId('usr', context),
    wallet: newId('wal', context),
    email: input.email.toLowerCase(),
    role: input.role,
    passwordHash,
    createdAt: context.clock.now(),
  })
  if (!created) {
    const message = 'There is an account with this e-mail already. Sign in, or use another e-mail.'
    throw new AppError('email_taken', message, { param: 'email' })
  }
  return { user, passwordHash }
}
