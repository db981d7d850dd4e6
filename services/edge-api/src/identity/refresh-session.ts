import type { IdentityContext } from './identity-deps.ts'
import type { SignedIn } from './identity.ts'
import { issueTokens } from './open-session.ts'
import type { Rotation } from './session-state.ts'
import { checkLive, rotate, invalidSession } from './session-state.ts'

/**
 * Exchanges a refresh token for the next pair. Two concurrent calls, or a repeat after a lost response, get
 * the same pair. A token that was exchanged longer ago ends the session, because then two parties have it.
 */
export async function refreshSession(
  context: IdentityContext,
  { refreshToken }: { refreshToken: string },
): Promise<SignedIn> {
  const { store, clock, log, sessionIdleMs: idleMs } = context
  const token = context.tokens.read('refresh', refreshToken)
  if (!token) throw invalidSession()
  let rotation: Rotation | undefined
  const session = await store.changeSession(token.sessionId, (found) => {
    const now = clock.now()
    checkLive(found, now)
    rotation = rotate(found.state, { generation: token.generation, now, idleMs })
    return rotation.outcome === 'repeated' ? undefined : rotation.state
  })
  if (!session || !rotation) throw invalidSession()
  if (rotation.outcome === 'reused') {
    const facts = { sessionId: session.id, userId: session.user.id }
    log.warn(facts, 'a refresh token was used twice; its session has ended')
    throw invalidSession()
  }
  return issueTokens(context, { ...session, ...session.state })
}
