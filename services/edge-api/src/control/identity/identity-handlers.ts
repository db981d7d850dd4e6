import type { ControlParts } from '../control-parts.ts'
import type { ControlHandlers } from '../handlers.ts'
import { giveTokens } from './give-tokens.ts'
import { readMe } from './read-me.ts'

type Operation =
  | 'getSite'
  | 'register'
  | 'login'
  | 'refresh'
  | 'logout'
  | 'getMe'
  | 'changePassword'

/** Signing in and out, and one's own account. */
export function identityHandlers({
  door,
  identity,
  version,
}: ControlParts): Pick<ControlHandlers, Operation> {
  const { billing } = door.deps
  return {
    getSite: async () => ({ registration_open: identity.registration === 'open', version }),
    register: async (call) =>
      giveTokens(call, await identity.signUp({ ...call.body, address: call.address })),
    login: async (call) =>
      giveTokens(call, await identity.signIn({ ...call.body, address: call.address })),
    refresh: async (call) =>
      giveTokens(call, await identity.refresh({ refreshToken: call.body.refresh_token })),
    async logout({ session, addHeader }) {
      const { setCookie } = await identity.signOut(session)
      addHeader('set-cookie', setCookie)
    },
    getMe: ({ session }) => readMe({ identity, billing }, session),
    changePassword: ({ session: { userId, sessionId }, body }) =>
      identity.changePassword({
        userId,
        sessionId,
        currentPassword: body.current_password,
        newPassword: body.new_password,
      }),
  }
}
