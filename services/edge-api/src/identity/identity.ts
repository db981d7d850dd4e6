import type { Role } from '@sluice/contracts/control/permissions'

import type { StoredUser } from '../store/identity-store.ts'

/** The signed-in user of one request. Read from the session's row at every request. */
export interface SessionPrincipal {
  readonly userId: string
  readonly sessionId: string
  readonly email: string
  readonly role: Role
  readonly wallet: string
}

/** A user who can sign in. */
export type User = StoredUser

/** The credentials of a new session. They are only in this response; no row stores them. */
export interface SignedIn {
  accessToken: string
  /** Seconds until the access token ends. */
  expiresInS: number
  refreshToken: string
  /** The value of a Set-Cookie header, for browsers. */
  setCookie: string
  /**
   * The Set-Cookie value for the device, after a sign-in by password: known devices are served first under
   * load.
   */
  deviceCookie?: string
  user: User
}

/** A sign-in or registration request. */
export interface PasswordCall {
  email: string
  password: string
  /** The caller's IP address; IPv6 as its /64 prefix. */
  address: string
  /** The Cookie header: shows whether this device signed in before. */
  cookie?: string | undefined
}

/**
 * Users, their passwords and their sessions.
 *
 * A ban, a new role and the end of a session take effect with the next request: every request reads the
 * session's row and its user's, in one query. Every method throws `unavailable` while the database is
 * unavailable.
 */
export interface Identity {
  readonly registration: 'open' | 'closed'
  /**
   * The session of `Authorization: Bearer <access token>`, or else of the cookie. Throws `invalid_session`
   * when there is none, or it has ended; `account_banned`.
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
   * Exchanges a refresh token for a new pair of tokens. The previous token may be repeated for half a minute
   * and returns the same pair, because the first response may have been lost. An older one ends the session.
   * Throws `invalid_session`, `account_banned`.
   */
  refresh(input: { refreshToken: string }): Promise<SignedIn>
  /** Ends the session. `setCookie` deletes the cookie. */
  signOut(input: { sessionId: string }): Promise<{ setCookie: string }>
  /** Ends every other session of the user. Throws `invalid_value`, `weak_password`, `too_many_attempts`. */
  changePassword(input: {
    userId: string
    email: string
    sessionId: string
    currentPassword: string
    newPassword: string
  }): Promise<void>
  findUserById(input: { userId: string }): Promise<User | undefined>
  /** Without a password one is generated, and returned only here. Throws `email_taken`, `invalid_value`. */
  createUser(input: {
    email: string
    role: Role
    password?: string | undefined
  }): Promise<{ user: User; generatedPassword: string | null }>
  /** Throws `last_admin`, `not_found`. */
  setRole(input: { userId: string; role: Role }): Promise<User>
  /**
   * Ends all sessions at once, and invalidates the user's API keys at every edge. An existing ban is not
   * changed. Throws `last_admin`, `not_found`.
   */
  ban(input: { userId: string; reason: string; by: string | null }): Promise<User>
  /** The user's keys are valid again; sessions stay ended. Throws `not_found`. */
  unban(input: { userId: string }): Promise<User>
  /**
   * Counts a call that needs no session against its address until its body proves to be well-formed: the
   * returned function undoes the count. Throws `too_many_attempts` for an address with too many malformed
   * calls; devices that signed in before are exempt.
   */
  beginPublicCall(input: Pick<PasswordCall, 'address' | 'cookie'>): () => void
  /** Deletes sessions that ended long ago; called by the background tasks. */
  prune(): Promise<void>
}
