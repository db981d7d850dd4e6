import type { Decoded } from '@sluice/contracts/control/operation-types'

import type { User } from '../../identity/identity.ts'

/** A user as they may see themselves. */
export function toSignedInUser(user: User): Decoded<'getMe'>['answer']['user'] {
  const { id, email, role, createdAt } = user
  return { id, email, role, created_at: createdAt }
}
