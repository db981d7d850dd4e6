import { newId } from '@sluice/kernel/ids'

import type { StoredUser } from '../store/identity-store.ts'
import type { SignedIn } from './identity.ts'
import type { IdentityContext } from './identity-deps.ts'

const ACCESS_TOKEN_S = 900

/**
 * Opens a session for a user whose password was verified; undefined if user or password changed meanwhile.
 */
export async function openSession(
  context: IdentityContext,
  { userId, passwordHash }: { userId: string; passwordHash: string },
): Promise<SignedIn | undefined> {
  const { store, clock } = context
  const at = clock.now()
  const id = newId('ses', context)
  const expiresAt = new Date(at.getTime() + context.sessionIdleMs)
  const user = await store.openSession({ id, userId, at, expiresAt }, { passwordHash })
  return user && issueTokens(context, { id, user, generation: 1, rotatedAt: at })
}

/** The tokens of a session, derived from its row: the same row gives the same tokens. */
export function issueTokens(
  { tokens, cookie, clock }: IdentityContext,
  session: { id: string; user: StoredUser; generation: number; rotatedAt: Date },
): SignedIn {
  const { id: sessionId, generation, user } = session
  const expiresAtS = Math.floor(session.rotatedAt.getTime() / 1_000) + ACCESS_TOKEN_S
  const none = { generation: 0, expiresAtS: 0 }
  return {
    accessToken: tokens.write('access', { sessionId, generation: 0, expiresAtS }),
    expiresInS: Math.max(1, expiresAtS - Math.floor(clock.nowMs() / 1_000)),
    refreshToken: tokens.write('refresh', { sessionId, generation, expiresAtS: 0 }),
    setCookie: cookie.set(tokens.write('cookie', { sessionId, ...none })),
    user,
  }
}
