import { AppError } from '@sluice/kernel/app-error'

import type { UserStatus } from './user-status.ts'

export type SessionEnd = {
  readonly at: Date
  readonly reason: 'signed-out' | 'password-changed' | 'banned' | 'refresh-token-reused'
}

/** A session without its user. */
export interface SessionState {
  /** When it was last used, to within TOUCH_EVERY_MS. */
  readonly seenAt: Date
  readonly expiresAt: Date
  /** The number of the valid refresh token: 1, 2, 3, … */
  readonly generation: number
  readonly rotatedAt: Date
  readonly end: SessionEnd | null
}

/** The minimum interval between writes that only record the use of a session. */
const TOUCH_EVERY_MS = 300_000

/** How long the previous refresh token may be repeated, because its response may have been lost. */
const REPEAT_WITHIN_MS = 30_000

/** Throws `account_banned`, or `invalid_session` for one that has ended. */
export function checkLive(
  { state, user }: { state: SessionState; user: UserStatus },
  now: Date,
): void {
  if (user.ban) throw banned(user.ban)
  if (state.end || now >= state.expiresAt) throw invalidSession()
}

/** True when the use of the session must be written to its row. */
export function isTouchDue({ seenAt }: SessionState, now: Date): boolean {
  return now.getTime() - seenAt.getTime() >= TOUCH_EVERY_MS
}

export type Rotation =
  | { outcome: 'rotated'; state: SessionState }
  /**
   * The previous token again, from a caller who may not have received the response: returns the same pair.
   */
  | { outcome: 'repeated' }
  /** Two parties have tokens of this session, so one of them stole it. */
  | { outcome: 'reused'; state: SessionState }

/** The effect of a refresh token of this generation on a live session. */
export function rotate(
  state: SessionState,
  { generation, now, idleMs }: { generation: number; now: Date; idleMs: number },
): Rotation {
  if (generation === state.generation) {
    const expiresAt = new Date(now.getTime() + idleMs)
    const next = { generation: generation + 1, rotatedAt: now, seenAt: now, expiresAt }
    return { outcome: 'rotated', state: { ...state, ...next } }
  }
  const sinceMs = now.getTime() - state.rotatedAt.getTime()
  if (generation === state.generation - 1 && sinceMs < REPEAT_WITHIN_MS) {
    return { outcome: 'repeated' }
  }
  const end: SessionEnd = { at: now, reason: 'refresh-token-reused' }
  return { outcome: 'reused', state: { ...state, end } }
}

export const invalidSession = () =>
  new AppError('invalid_session', 'You are not signed in, or your session has ended.')

export const banned = ({ reason }: { reason: string }) =>
  new AppError('account_banned', `This account was closed by an operator: ${reason}`)
