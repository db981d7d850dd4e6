import type { Balance } from '@sluice/contracts/billing.contract'
import type { Decoded } from '@sluice/contracts/control/operation-types'

import type { User } from '../../identity/identity.ts'

export type UserDto = Decoded<'getUser'>['answer']

/** A user for operators. */
export function toUserDto(user: User, balance: Balance): UserDto {
  const { id, email, role, createdAt, lastSeenAt, ban } = user
  return {
    id,
    email,
    role,
    created_at: createdAt,
    banned_at: ban?.at ?? null,
    ban_reason: ban?.reason ?? null,
    last_seen_at: lastSeenAt,
    balance: toBalanceDto(balance),
  }
}

export function toBalanceDto({ postedMicro, heldMicro, availableMicro }: Balance) {
  return { posted_micro: postedMicro, held_micro: heldMicro, available_micro: availableMicro }
}
