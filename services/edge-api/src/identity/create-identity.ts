import { createAttempts } from './attempts.ts'
import { authenticateSession } from './authenticate-session.ts'
import { beginPublicCall } from './begin-public-call.ts'
import { changePassword } from './change-password.ts'
import { changeUserStatus } from './change-user-status.ts'
import { storeNewUser } from './store-new-user.ts'
import { createDeviceCookie } from './device-cookie.ts'
import { createHostCookie } from './host-cookie.ts'
import type { Identity } from './identity.ts'
import type { IdentityDeps, IdentityContext } from './identity-deps.ts'
import { generatePassword } from './generate-password.ts'
import { createPasswords } from './passwords.ts'
import { pruneSessions } from './prune-sessions.ts'
import { refreshSession } from './refresh-session.ts'
import { createSessionTokens } from './session-tokens.ts'
import { createSignInThrottle } from './sign-in-throttle.ts'
import { signIn } from './sign-in.ts'
import { signUp } from './sign-up.ts'

/** Creates the module over a store. Opens no socket; warns once if sign-in is not encrypted. */
export function createIdentity(deps: IdentityDeps): Identity {
  const context: IdentityContext = {
    ...deps,
    passwords: createPasswords(deps),
    tokens: createSessionTokens(deps),
    cookie: createHostCookie('sluice_session', deps),
    devices: createDeviceCookie({ ...deps, cookie: createHostCookie('sluice_device', deps) }),
    throttle: createSignInThrottle(deps),
    attempts: createAttempts(deps),
  }
  const { cookie, store, clock } = context
  if (!cookie.secure) {
    const { publicBaseUrl } = deps
    deps.log.warn({ publicBaseUrl }, 'sign-in is not encrypted; set an https URL')
  }
  return {
    registration: deps.registration,
    authenticate: (credentials) => authenticateSession(context, credentials),
    signUp: (input) => signUp(context, input),
    signIn: (input) => signIn(context, input),
    refresh: (input) => refreshSession(context, input),
    async signOut({ sessionId }) {
      await store.endSession({ id: sessionId, end: { at: clock.now(), reason: 'signed-out' } })
      return { setCookie: cookie.clear() }
    },
    changePassword: (input) => changePassword(context, input),
    findUserById: ({ userId }) => store.findUserById(userId),
    async createUser({ email, role, password }) {
      const generatedPassword = password === undefined ? generatePassword(context) : null
      const secret = password ?? generatedPassword ?? ''
      const group = 'operators'
      const { user } = await storeNewUser(context, { email, role, password: secret, group })
      return { user, generatedPassword }
    },
    setRole: ({ userId, role }) => changeUserStatus(context, { userId, change: () => ({ role }) }),
    ban: ({ userId, reason, by }) =>
      changeUserStatus(context, {
        userId,
        change: ({ ban }, at) => ({ ban: ban ?? { at, reason, by } }),
      }),
    unban: ({ userId }) => changeUserStatus(context, { userId, change: () => ({ ban: null }) }),
    beginPublicCall: (input) => beginPublicCall(context, input),
    prune: () => pruneSessions(context),
  }
}
