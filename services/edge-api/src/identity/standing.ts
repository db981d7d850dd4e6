import type { Role } from '@sluice/contracts/control/permissions'
import { AppError } from '@sluice/kernel/app-error'

export interface Ban {
  readonly at: Date
  readonly reason: string
  /** The id of the person who did it; null for an operator's command. */
  readonly by: string | null
}

/** What a person may be, and whether they may. */
export interface Standing {
  readonly role: Role
  readonly ban: Ban | null
}

/** Can administer the gateway now. */
export function isActiveAdmin({ role, ban }: Standing): boolean {
  return role === 'admin' && ban === null
}

/** The new standing, unless it would leave nobody to administer the gateway: then throws `last_admin`. */
export function changedStanding(
  before: Standing,
  change: Partial<Standing>,
  others: { activeAdmins: number },
): Standing {
  const after: Standing = { role: before.role, ban: before.ban, ...change }
  if (isActiveAdmin(before) && !isActiveAdmin(after) && others.activeAdmins === 0) {
    const message = 'This is the only admin who is not banned. Make another admin first.'
    throw new AppError('last_admin', message)
  }
  return after
}
