import { AppError } from '@sluice/kernel/app-error'

import type { AttemptRule } from './attempts.ts'
import type { IdentityContext } from './identity-deps.ts'
import type { Identity } from './identity.ts'
import { checkNewPassword } from './passwords.ts'
import { sessionOver } from './session-state.ts'

// Who found an open session should not find the password by it.
const OF_ONE_USER: AttemptRule = { kind: 'password of', failuresMax: 10, everyMs: 60_000 }

/** Ends every other session of the person. Throws `invalid_value` for a wrong current password, `weak_password`. */
export async function changePassword(
  context: IdentityContext,
  input: Parameters<Identity['changePassword']>[0],
): Promise<void> {
  const { store, passwords, attempts, clock } = context
  const { userId, email, currentPassword, newPassword } = input
  const takeBack = attempts.begin([{ rule: OF_ONE_USER, name: userId }])
  const checkedHash = await store.findPasswordHash(userId)
  if (checkedHash === undefined) throw sessionOver()
  const turn = { group: userId, class: 'first' } as const
  if (!(await passwords.matches(checkedHash, currentPassword, turn)) || checkedHash === null)
    throw wrong()
  takeBack()
  await checkNewPassword({ password: newPassword, param: 'new_password', email })
  const passwordHash = await passwords.hash(newPassword, turn)
  const keepSessionId = input.sessionId
  const at = clock.now()
  const change = { userId, checkedHash, passwordHash, keepSessionId, at }
  // Somebody changed it while we looked: what was typed is the current one no more.
  if (!(await store.changePassword(change))) throw wrong()
}

const wrong = () =>
  new AppError('invalid_value', 'The current password is wrong.', { param: 'current_password' })
