import type { Decoded } from '@sluice/contracts/control/operation-types'
import { permissionsOf } from '@sluice/contracts/control/permissions'
import type { Billing } from '@sluice/contracts/billing.contract'
import { AppError, isAppError } from '@sluice/kernel/app-error'

import type { Identity, SessionPrincipal } from '../../identity/identity.ts'
import { toSignedInUser } from './signed-in-user.ts'

/**
 * The signed-in user, their permissions, and their balance. Every page of the panel requests it: while
 * billing is unavailable, the balance is null.
 */
export async function readMe(
  { identity, billing }: { identity: Identity; billing: Pick<Billing, 'readBalance'> },
  { userId, wallet, role }: SessionPrincipal,
): Promise<Decoded<'getMe'>['answer']> {
  const [user, balance] = await Promise.all([
    identity.findUserById({ userId }),
    nullIfUnavailable(billing.readBalance({ wallet })),
  ])
  if (!user) throw new AppError('invalid_session', 'Your account no longer exists.')
  return {
    user: toSignedInUser(user),
    permissions: permissionsOf(role),
    balance: balance && {
      posted_micro: balance.postedMicro,
      held_micro: balance.heldMicro,
      available_micro: balance.availableMicro,
    },
  }
}

async function nullIfUnavailable<Known>(call: Promise<Known>): Promise<Known | null> {
  try {
    return await call
  } catch (error) {
    if (isAppError(error, 'unavailable')) return null
    throw error
  }
}
