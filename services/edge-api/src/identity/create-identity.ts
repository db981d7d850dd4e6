import { createAttempts } from './attempts.ts'
import { authenticateSession } from './authenticate-session.ts'
import { beginOpenCall } from './begin-open-call.ts'
import { changePassword } from './change-password.ts'
import { changeStanding } from './change-standing.ts'
import { createPerson } from './create-person.ts'
import { createDeviceCookie } from './device-cookie.ts'
import { createHostCookie } from './host-cookie.ts'
import type { Identity } from './identity.ts'
import type { IdentityDeps, IdentityParts } from './identity-deps.ts'
import { makePassword } from './make-password.ts'
import { createPasswords } from './passwords.ts'
import { pruneSessions } from './prune-sessions.ts'
import { refreshSession } from './refresh-session.ts'
import { createSessionTokens } from './session-tokens.ts'
import { createSignInPace } from './sign-in-pace.ts'
import { signIn } from './sign-in.ts'
import { signUp } from './sign-up.ts'

/** Makes the module over a store. Opens no socket; warns once where sessions travel unprotected. */
export function createIdentity(deps: IdentityDeps): Identity {
  const parts: IdentityParts = {
    ...deps,
    passwords: createPasswords(deps),
    tokens: createSessionTokens(deps),
    cookie: createHostCookie('sluice_session', deps),
    devices: createDeviceCookie({ ...deps, cookie: createHostCookie('sluice_device', deps) }),
    pace: createSignInPace(deps),
    attempts: createAttempts(deps),
  }
  const { cookie, store, clock } = parts
  if (!cookie.secure) {
    const { publicBaseUrl } = deps
    deps.log.warn({ publicBaseUrl }, 'people sign in without encryption; put https before this URL')
  }
  return {
    registration: deps.registration,
    authenticate: (credentials) => authenticateSession(parts, credentials),
    signUp: (input) => signUp(parts, input),
    signIn: (input) => signIn(parts, input),
    refresh: (input) => refreshSession(parts, input),
    async signOut({ sessionId }) {
      await store.endSession({ id: sessionId, end: { at: clock.now(), reason: 'signed-out' } })
      return { setCookie: cookie.clear() }
    },
    changePassword: (input) => changePassword(parts, input),
    findPerson: ({ userId }) => store.findPerson(userId),
    async createUser({ email, role, password }) {
      const madePassword = password === undefined ? makePassword(parts) : null
      const secret = password ?? madePassword ?? ''
      const group = 'operators'
      const { person } = await createPerson(parts, { email, role, password: secret, group })
      return { person, madePassword }
    },
    setRole: ({ userId, role }) => changeStanding(parts, { userId, change: () => ({ role }) }),
    ban: ({ userId, reason, by }) =>
      changeStanding(parts, {
        userId,
        change: ({ ban }, at) => ({ ban: ban ?? { at, reason, by } }),
      }),
    unban: ({ userId }) => changeStanding(parts, { userId, change: () => ({ ban: null }) }),
    beginOpenCall: (input) => beginOpenCall(parts, input),
    prune: () => pruneSessions(parts),
  }
}
