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
  /** PHC string; null for users who do not sign in with a password. */
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

/** Users, sign-in methods and sessions. Rejects with `unavailable` when the database is unavailable. */
export interface IdentityStore {
  /** Writes a user once: for a known e-mail returns the existing user. */
  insertUser(user: NewUser): Promise<{ user: StoredUser; created: boolean }>
  findUserById(id: string): Promise<StoredUser | undefined>
  /** Newest first. */
  listUserRows(query: UsersQuery): Promise<StoredUser[]>
  countUsers(): Promise<{ total: number; banned: number }>
  /** By e-mail in lower case, with the PHC string of the password. */
  findSignIn(email: string): Promise<{ user: StoredUser; passwordHash: string | null } | undefined>
  /** The PHC string; null without a password, undefined without the user. */
  findPasswordHash(userId: string): Promise<string | null | undefined>
  /**
   * Writes a session, unless the user was banned or has another password than the one that was checked:
   * then undefined.
   */
  openSession(
    session: NewSession,
    checked: { passwordHash: string },
  ): Promise<StoredUser | undefined>
  /** One query. Ended sessions are found too. */
  findSession(id: string): Promise<StoredSession | undefined>
  /** Records the use of a session and extends it until `expiresAt`. No-op once it has ended. */
  touchSession(input: { id: string; userId: string; at: Date; expiresAt: Date }): Promise<void>
  /** Locks the session and writes the state that `decide` returns; undefined changes nothing. */
  changeSession(
    id: string,
    decide: (session: StoredSession) => SessionState | undefined,
  ): Promise<StoredSession | undefined>
  /** No-op once it has ended. */
  endSession(input: { id: string; end: SessionEnd }): Promise<void>
  /** False when the checked password is no longer the current one. Ends all sessions but one. */
  changePassword(input: {
    userId: string
    checkedHash: string
    passwordHash: string
    exceptSessionId: string
    at: Date
  }): Promise<boolean>
  /** Sets a password whatever the old one was, and ends all sessions. False without the user. */
  replacePassword(input: { userId: string; passwordHash: string; at: Date }): Promise<boolean>
  /**
   * Locks the user and all admins who are not banned, and writes what `decide` returns. A ban ends all
   * sessions. Every change of the ban writes an outbox row `api-key-changed` for each key that is not
   * revoked, and returns those keys. If `decide` throws, nothing changes.
   */
  changeUserStatus(
    input: { userId: string; at: Date },
    decide: (user: StoredUser, others: { activeAdmins: number }) => UserStatus,
  ): Promise<{ user: StoredUser; apiKeyIds: string[] } | undefined>
  /** Deletes sessions that expired before; at most `limit`. Returns how many. */
  prune(input: { before: Date; limit: number }): Promise<number>
}
