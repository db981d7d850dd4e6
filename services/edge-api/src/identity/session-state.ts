import { AppError } from '@sluice/kernel/app-error'

import type { UserStatus } from './user-status.ts'

export type SessionEnd = {
  readonly at: Date
  readonly reason: 'signed-out' | 'password-changed' | 'banned' | 'refresh-token-reused'
}

/** A session without its person. */
export interface SessionState {
  /** When it was last seen, within SEEN_EVERY_MS. */
  readonly seenAt: Date
  readonly expiresAt: Date
  /** Which refresh token is the valid one: 1, 2, 3, … */
  readonly generation: number
  readonly rotatedAt: Date
  readonly end: SessionEnd | null
}

/** How seldom a row is written only because its session is in use. */
const SEEN_EVERY_MS = 300_000

/** The last refresh token may come again for so long: its answer may have been lost on the way. */
const LOST_ANSWER_MS = 30_000

/** Throws `account_banned`, or `invalid_session` for one that has ended. */
export function checkLive(
  { state, user }: { state: SessionState; user: UserStatus },
  now: Date,
): void {
  if (user.ban) throw banned(user.ban)
  if (state.end || now >= state.expiresAt) throw sessionOver()
}

/** True when the row should be told that its session is in use. */
export function isSeenLongAgo({ seenAt }: SessionState, now: Date): boolean {
  return now.getTime() - seenAt.getTime() >= SEEN_EVERY_MS
}

export type Rotation =
  | { outcome: 'rotated'; state: SessionState }
  /** The last token again, by a caller who may not have got the answer: the same pair once more. */
  | { outcome: 'repeated' }
  /** Two hold this session's tokens, and one of them should not. */
  | { outcome: 'reused'; state: SessionState }

/** What a refresh token of this generation does to a live session. */
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
  if (generation === state.generation - 1 && sinceMs < LOST_ANSWER_MS) {
    return { outcome: 'repeated' }
  }
  const end: SessionEnd = { at: now, reason: 'refresh-token-reused' }
  return { outcome: 'reused', state: { ...state, end } }
}

export const sessionOver = () =>
  new AppError('invalid_session', 'You are not signed in, or your session has ended.')

export const banned = ({ reason }: { reason: string }) =>
  new AppError('account_banned', `This account was closed by an operator: ${reason}`)
