import type { Balance } from '@sluice/contracts/billing.contract'
import type { Decoded } from '@sluice/contracts/control/operation-types'

import type { User } from '../../identity/identity.ts'

export type ShownUser = Decoded<'getUser'>['answer']

/** A person as an operator sees them. */
export function toUserDto(user: User, balance: Balance): ShownUser {
  const { id, email, role, createdAt, lastSeenAt, ban } = user
  return {
    id,
    email,
    role,
    created_at: createdAt,
    banned_at: ban?.at ?? null,
    ban_reason: ban?.reason ?? null,
    last_seen_at: lastSeenAt,
    balance: showBalance(balance),
  }
}

export function showBalance({ postedMicro, heldMicro, availableMicro }: Balance) {
  return { posted_micro: postedMicro, held_micro: heldMicro, available_micro: availableMicro }
}
