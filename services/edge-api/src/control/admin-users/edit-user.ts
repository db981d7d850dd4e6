import { AppError } from '@sluice/kernel/app-error'
import type { AllRead } from '@sluice/kernel/map-patch'

import type { User } from '../../identity/identity.ts'
import type { ControlCall } from '../handlers.ts'
import { recordAction } from '../record-action.ts'
import { findUser } from './find-user.ts'
import type { UserDto } from './user-dto.ts'
import { toUserDto } from './user-dto.ts'
import type { UserDeps } from './user-deps.ts'

type Call = Pick<ControlCall<'editUser'>, 'session' | 'params' | 'body' | 'requestId' | 'address'>

/**
 * Changes a role, bans, or lifts a ban. Restrictions are applied first: if the second of two changes fails,
 * the user has fewer permissions than intended, never more, and a repeat completes it. Throws `not_found`,
 * `last_admin`, `permission_denied` for restrictions of one's own account, and `invalid_value`.
 */
export async function editUser(deps: UserDeps, call: Call): Promise<UserDto> {
  const { identity, billing } = deps
  const { params, body, session } = call
  checkBan(body)
  checkSelf(call)
  const before = await findUser(deps, params.id)
  const userId = before.id
  const { role, banned, ban_reason: reason, ...rest } = body
  rest satisfies AllRead
  let user: User = before
  if (banned && reason !== undefined && user.ban === null) {
    user = await identity.ban({ userId, reason, by: session.userId })
    recordAction(deps, call, { act: 'user.ban', target: userId, facts: { reason } })
  }
  if (role === 'user') user = await setRole(deps, call, { user, role })
  if (banned === false && user.ban !== null) {
    user = await identity.unban({ userId })
    recordAction(deps, call, { act: 'user.unban', target: userId })
  }
  if (role === 'admin') user = await setRole(deps, call, { user, role })
  return toUserDto(user, await billing.readBalance({ wallet: user.wallet }))
}

async function setRole(
  deps: UserDeps,
  call: Call,
  { user, role }: { user: User; role: User['role'] },
): Promise<User> {
  if (user.role === role) return user
  const changed = await deps.identity.setRole({ userId: user.id, role })
  recordAction(deps, call, { act: 'user.set-role', target: user.id, facts: { role } })
  return changed
}

function checkBan({ banned, ban_reason: reason }: Call['body']): void {
  const param = 'ban_reason'
  if (banned === true && reason === undefined) {
    const message = "'ban_reason' is missing. Give the reason for later reference."
    throw new AppError('missing_required_parameter', message, { param })
  }
  if (banned !== true && reason !== undefined) {
    const message = "'ban_reason' is allowed with 'banned': true only."
    throw new AppError('invalid_value', message, { param })
  }
}

function checkSelf({ session, params, body }: Call): void {
  if (params.id !== session.userId) return
  if (body.banned === true) {
    const message = 'You cannot ban yourself. Another admin can do it.'
    throw new AppError('permission_denied', message, { param: 'banned' })
  }
  if (body.role === 'user') {
    const message = 'You cannot give up your own admin role. Another admin can do it.'
    throw new AppError('permission_denied', message, { param: 'role' })
  }
}
