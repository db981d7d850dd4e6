import type { Role } from '@sluice/contracts/control/permissions'

import type { SessionEnd, SessionState } from '../identity/session-state.ts'
import type { UserStatus } from '../identity/user-status.ts'
import type { UsersQuery } from './users-query.ts'
import type { StoredUser } from './stored-user.ts'

export type { StoredUser } from './stored-user.ts'

export interface NewUser {
  id: string
  email: string
  role: Role
  wallet: string
  /** PHC string; null for people who do not sign in with a password. */
  passwordHash: string | null
  createdAt: Date
}

export interface NewSession {
  id: string
  userId: string
  at: Date
  expiresAt: Date
}

export interface StoredSession {
  id: string
  state: SessionState
  user: StoredUser
}

/** People, how they sign in, and their sessions. Rejects with `unavailable` when the database is away. */
export interface IdentityStore {
  /** Writes a person once: the same e-mail again answers who is there. */
  insertUser(user: NewUser): Promise<{ user: StoredUser; created: boolean }>
  findUserById(id: string): Promise<StoredUser | undefined>
  /** Newest first. */
  listUserRows(query: UsersQuery): Promise<StoredUser[]>
  countUsers(): Promise<{ total: number; banned: number }>
  /** By e-mail in lower case, with their password's PHC string. */
  findSignIn(email: string): Promise<{ user: StoredUser; passwordHash: string | null } | undefined>
  /** The PHC string; null without a password, undefined without the person. */
  findPasswordHash(userId: string): Promise<string | null | undefined>
  /**
   * Writes a session, unless the person was banned meanwhile, or has another password than the one that
   * was checked: then undefined.
   */
  openSession(
    session: NewSession,
    checked: { passwordHash: string },
  ): Promise<StoredUser | undefined>
  /** One query. Ended sessions are found too. */
  findSession(id: string): Promise<StoredSession | undefined>
  /** The session was used: it lives on until `expiresAt`. No-op once it has ended. */
  touchSession(input: { id: string; userId: string; at: Date; expiresAt: Date }): Promise<void>
  /** Locks the session and writes the state that `decide` returns; undefined leaves it. */
  changeSession(
    id: string,
    decide: (session: StoredSession) => SessionState | undefined,
  ): Promise<StoredSession | undefined>
  /** No-op once it has ended. */
  endSession(input: { id: string; end: SessionEnd }): Promise<void>
  /** False when the password is not the one that was checked any more. Ends all sessions but one. */
  changePassword(input: {
    userId: string
    checkedHash: string
    passwordHash: string
    keepSessionId: string
    at: Date
  }): Promise<boolean>
  /** Gives a password whatever there was before, and ends all sessions. False without the person. */
  replacePassword(input: { userId: string; passwordHash: string; at: Date }): Promise<boolean>
  /**
   * Locks the person and everybody who is an admin and not banned, and writes what `decide` returns. With a
   * ban all sessions end; whenever a ban comes or goes, an outbox row `api-key-changed` is written for each
   * key that is not revoked, and the keys are answered. What `decide` throws leaves everything as it was.
   */
  changeUserStatus(
    input: { userId: string; at: Date },
    decide: (user: StoredUser, others: { activeAdmins: number }) => UserStatus,
  ): Promise<{ user: StoredUser; apiKeyIds: string[] } | undefined>
  /** Forgets sessions that ended before; at most `limit`. Returns how many. */
  prune(input: { before: Date; limit: number }): Promise<number>
}
