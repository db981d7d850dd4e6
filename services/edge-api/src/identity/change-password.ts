import { AppError } from '@sluice/kernel/app-error'

import type { AttemptRule } from './attempts.ts'
import type { IdentityContext } from './identity-deps.ts'
import type { Identity } from './identity.ts'
import { checkNewPassword } from './passwords.ts'
import { invalidSession } from './session-state.ts'

// An attacker with an open session must not be able to guess the password through this call.
const OF_ONE_USER: AttemptRule = { kind: 'password of', failuresMax: 10, everyMs: 60_000 }

/**
 * Ends every other session of the user. Throws `invalid_value` for a wrong current password, `weak_password`.
 */
export async function changePassword(
  context: IdentityContext,
  input: Parameters<Identity['changePassword']>[0],
): Promise<void> {
  const { store, passwords, attempts, clock } = context
  const { userId, email, currentPassword, newPassword } = input
  const uncount = attempts.begin([{ rule: OF_ONE_USER, name: userId }])
  const checkedHash = await store.findPasswordHash(userId)
  if (checkedHash === undefined) throw invalidSession()
  const priority = { group: userId, class: 'first' } as const
  if (!(await passwords.matches(checkedHash, currentPassword, priority)) || checkedHash === null)
    throw wrong()
  uncount()
  await checkNewPassword({ password: newPassword, param: 'new_password', email })
  const passwordHash = await passwords.hash(newPassword, priority)
  const exceptSessionId = input.sessionId
  const at = clock.now()
  const change = { userId, checkedHash, passwordHash, exceptSessionId, at }
  // Another call changed the password in the meantime: the given current password is no longer valid.
  if (!(await store.changePassword(change))) throw wrong()
}

const wrong = () =>
  new AppError('invalid_value', 'The current password is wrong.', { param: 'current_password' })
