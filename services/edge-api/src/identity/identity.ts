import type { Role } from '@sluice/contracts/control/permissions'

import type { StoredUser } from '../store/identity-store.ts'

/** Who is signed in, as one request sees them. Read from the session's row at every request. */
export interface SessionPrincipal {
  readonly userId: string
  readonly sessionId: string
  readonly email: string
  readonly role: Role
  readonly wallet: string
}

/** A person who can sign in. */
export type User = StoredUser

/** What a session is entered by. The tokens are in this answer only; no row holds them. */
export interface SignedIn {
  accessToken: string
  /** Seconds until the access token ends. */
  expiresInS: number
  refreshToken: string
  /** The value of a Set-Cookie header, for browsers. */
  setCookie: string
  /** The same of a device, after a sign-in by password: known devices sign in first when many try. */
  deviceCookie?: string
  user: User
}

/** A sign-in or registration as it came. */
export interface PasswordCall {
  email: string
  password: string
  /** Where it came from; IPv6 by /64. */
  address: string
  /** The Cookie header: whether this device signed in before. */
  cookie?: string | undefined
}

/**
 * People, their passwords and their sessions.
 *
 * A ban, a new role and the end of a session hold from the next request on: every request asks for the
 * session's row and its user's, in one query. Every method throws `unavailable` while the database is away.
 */
export interface Identity {
  readonly registration: 'open' | 'closed'
  /**
   * The session behind `Authorization: Bearer <access token>`, or else behind the cookie. Throws
   * `invalid_session` when there is none, or it has ended; `account_banned`.
   */
  authenticate(credentials: {
    cookie?: string | undefined
    authorization?: string | undefined
  }): Promise<SessionPrincipal>
  /** Throws `registration_closed`, `email_taken`, `too_many_attempts`, `invalid_value`, `weak_password`. */
  signUp(input: PasswordCall): Promise<SignedIn>
  /** Throws `wrong_credentials`, `too_many_attempts`, `account_banned` (with the right password only). */
  signIn(input: PasswordCall): Promise<SignedIn>
  /**
   * A new pair of tokens for a refresh token. The last one may be shown again for half a minute, and answers
   * the same pair: its answer may have been lost. An older one ends the session. Throws `invalid_session`,
   * `account_banned`.
   */
  refresh(input: { refreshToken: string }): Promise<SignedIn>
  /** Ends the session. `setCookie` takes the cookie away. */
  signOut(input: { sessionId: string }): Promise<{ setCookie: string }>
  /** Ends every other session of the person. Throws `invalid_value`, `weak_password`, `too_many_attempts`. */
  changePassword(input: {
    userId: string
    email: string
    sessionId: string
    currentPassword: string
    newPassword: string
  }): Promise<void>
  findUserById(input: { userId: string }): Promise<User | undefined>
  /** Without a password one is made, and is in this answer only. Throws `email_taken`, `invalid_value`. */
  createUser(input: {
    email: string
    role: Role
    password?: string | undefined
  }): Promise<{ user: User; madePassword: string | null }>
  /** Throws `last_admin`, `not_found`. */
  setRole(input: { userId: string; role: Role }): Promise<User>
  /**
   * Ends every session at once, and has every edge forget the person's API keys. A ban that is there
   * already stays as it was. Throws `last_admin`, `not_found`.
   */
  ban(input: { userId: string; reason: string; by: string | null }): Promise<User>
  /** Keys work again; sessions stay ended. Throws `not_found`. */
  unban(input: { userId: string }): Promise<User>
  /**
   * Counts a call that needs no session against its address until it has turned out to be well-formed: the returned
   * function takes it back. Throws `too_many_attempts` for an address that sent too many that were not; devices that
   * signed in before are let through.
   */
  beginOpenCall(input: Pick<PasswordCall, 'address' | 'cookie'>): () => void
  /** Forgets sessions that ended long ago; for upkeep. */
  prune(): Promise<void>
}
