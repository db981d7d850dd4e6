import { AppError } from '@sluice/kernel/app-error'

import type { IdentityContext } from './identity-deps.ts'
import type { Identity, SessionPrincipal } from './identity.ts'
import { checkLive, isTouchDue, invalidSession } from './session-state.ts'

type Credentials = Parameters<Identity['authenticate']>[0]

/** The session of a bearer token, or else of the cookie; one query. */
export async function authenticateSession(
  context: IdentityContext,
  credentials: Credentials,
): Promise<SessionPrincipal> {
  const { store, clock, sessionIdleMs } = context
  const session = await store.findSession(readSessionId(context, credentials))
  if (!session) throw invalidSession()
  const now = clock.now()
  checkLive(session, now)
  const { id, user, state } = session
  if (isTouchDue(state, now)) {
    const expiresAt = new Date(now.getTime() + sessionIdleMs)
    await store.touchSession({ id, userId: user.id, at: now, expiresAt })
  }
  const { email, role, wallet } = user
  return { userId: user.id, sessionId: id, email, role, wallet }
}

const BEARER = /^bearer +(\S+) *$/i

/** Throws `invalid_session`. If a bearer token is sent, the cookie is ignored. */
function readSessionId(
  { tokens, cookie, clock }: IdentityContext,
  credentials: Credentials,
): string {
  const { authorization } = credentials
  if (authorization === undefined) {
    const text = cookie.read(credentials.cookie)
    const token = text === undefined ? undefined : tokens.read('cookie', text)
    if (!token) throw invalidSession()
    return token.sessionId
  }
  const token = tokens.read('access', BEARER.exec(authorization)?.[1] ?? '')
  if (!token) {
    const message = 'This is not an access token. Sign in at /api/auth/login to get one.'
    throw new AppError('invalid_session', message)
  }
  if (clock.nowMs() >= token.expiresAtS * 1_000) {
    const message = 'The access token has expired. Exchange the refresh token for a new one.'
    throw new AppError('invalid_session', message)
  }
  return token.sessionId
}
