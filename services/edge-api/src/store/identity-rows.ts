import type { Role } from '@sluice/contracts/control/permissions'

import type { SessionEnd } from '../identity/session-state.ts'
import type { StoredUser, StoredSession } from './identity-store.ts'

/** Selected rows, and the conversion to domain types. */
export interface UserRow {
  userId: string
  email: string
  role: Role
  wallet: string
  createdAt: Date
  lastSeenAt: Date | null
  bannedAt: Date | null
  banReason: string | null
  bannedBy: string | null
}

export const userColumns = [
  'users.id as userId',
  'users.email',
  'users.role',
  'users.wallet',
  'users.created_at as createdAt',
  'users.last_seen_at as lastSeenAt',
  'users.banned_at as bannedAt',
  'users.ban_reason as banReason',
  'users.banned_by as bannedBy',
] as const

export interface SessionRow {
  sessionId: string
  seenAt: Date
  expiresAt: Date
  generation: number
  rotatedAt: Date
  endedAt: Date | null
  endReason: string | null
}

export const sessionColumns = [
  'sessions.id as sessionId',
  'sessions.seen_at as seenAt',
  'sessions.expires_at as expiresAt',
  'sessions.generation',
  'sessions.rotated_at as rotatedAt',
  'sessions.ended_at as endedAt',
  'sessions.end_reason as endReason',
] as const

export function toUser(row: UserRow): StoredUser {
  const { userId: id, email, role, wallet, createdAt, lastSeenAt } = row
  const { bannedAt: at, banReason: reason, bannedBy: by } = row
  const ban = at && { at, reason: reason ?? '', by }
  return { id, email, role, wallet, createdAt, lastSeenAt, ban }
}

export function toSession(row: UserRow & SessionRow): StoredSession {
  const { sessionId: id, seenAt, expiresAt, generation, rotatedAt } = row
  const end = row.endedAt && { at: row.endedAt, reason: endReason(row.endReason) }
  return { id, state: { seenAt, expiresAt, generation, rotatedAt, end }, user: toUser(row) }
}

const reasons: readonly SessionEnd['reason'][] = [
  'signed-out',
  'password-changed',
  'banned',
  'refresh-token-reused',
]

/** A newer release may have more reasons; an unknown one is read as `signed-out`. */
function endReason(text: string | null): SessionEnd['reason'] {
  return reasons.find((reason) => reason === text) ?? 'signed-out'
}
