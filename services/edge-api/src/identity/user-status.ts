import type { Role } from '@sluice/contracts/control/permissions'
import { AppError } from '@sluice/kernel/app-error'

export interface Ban {
  readonly at: Date
  readonly reason: string
  /** The id of the user who set it; null for an operator's command. */
  readonly by: string | null
}

/** A user's role and ban. */
export interface UserStatus {
  readonly role: Role
  readonly ban: Ban | null
}

/** True for an admin who is not banned. */
export function isActiveAdmin({ role, ban }: UserStatus): boolean {
  return role === 'admin' && ban === null
}

/** The new status. Throws `last_admin` if it would leave no active admin. */
export function changedUserStatus(
  before: UserStatus,
  change: Partial<UserStatus>,
  others: { activeAdmins: number },
): UserStatus {
  const after: UserStatus = { role: before.role, ban: before.ban, ...change }
  if (isActiveAdmin(before) && !isActiveAdmin(after) && others.activeAdmins === 0) {
    const message = 'This is the only admin who is not banned. Make another admin first.'
    throw new AppError('last_admin', message)
  }
  return after
}
