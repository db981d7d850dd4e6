import { newId } from '@sluice/kernel/ids'

import type { StoredPerson } from '../store/identity-store.ts'
import type { SignedIn } from './identity.ts'
import type { IdentityParts } from './identity-deps.ts'

const ACCESS_TOKEN_S = 900

/** Begins a session of someone whose password was checked; undefined when that does not hold any more. */
export async function openSession(
  parts: IdentityParts,
  { userId, passwordHash }: { userId: string; passwordHash: string },
): Promise<SignedIn | undefined> {
  const { store, clock } = parts
  const at = clock.now()
  const id = newId('ses', parts)
  const expiresAt = new Date(at.getTime() + parts.sessionIdleMs)
  const person = await store.openSession({ id, userId, at, expiresAt }, { passwordHash })
  return person && writeTokens(parts, { id, person, generation: 1, rotatedAt: at })
}

/** What enters a session, made of its row: the same row makes the same tokens. */
export function writeTokens(
  { tokens, cookie, clock }: IdentityParts,
  session: { id: string; person: StoredPerson; generation: number; rotatedAt: Date },
): SignedIn {
  const { id: sessionId, generation, person } = session
  const expiresAtS = Math.floor(session.rotatedAt.getTime() / 1_000) + ACCESS_TOKEN_S
  const none = { generation: 0, expiresAtS: 0 }
  return {
    accessToken: tokens.write('access', { sessionId, generation: 0, expiresAtS }),
    expiresInS: Math.max(1, expiresAtS - Math.floor(clock.nowMs() / 1_000)),
    refreshToken: tokens.write('refresh', { sessionId, generation, expiresAtS: 0 }),
    setCookie: cookie.set(tokens.write('cookie', { sessionId, ...none })),
    person,
  }
}
