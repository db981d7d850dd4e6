import type { ControlContext } from '../control-context.ts'
import type { ControlCall, ControlHandlers } from '../handlers.ts'
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
  gateway,
  identity,
  version,
}: ControlContext): Pick<ControlHandlers, Operation> {
  const { billing } = gateway.deps
  return {
    getSite: async () => ({ registration_open: identity.registration === 'open', version }),
    register: async (call) =>
      giveTokens(call, await identity.signUp({ ...call.body, ...placeOf(call) })),
    login: async (call) =>
      giveTokens(call, await identity.signIn({ ...call.body, ...placeOf(call) })),
    refresh: async (call) =>
      giveTokens(call, await identity.refresh({ refreshToken: call.body.refresh_token })),
    async logout({ session, addHeader }) {
      const { setCookie } = await identity.signOut(session)
      addHeader('set-cookie', setCookie)
    },
    getMe: ({ session }) => readMe({ identity, billing }, session),
    changePassword: ({ session: { userId, sessionId, email }, body }) =>
      identity.changePassword({
        userId,
        email,
        sessionId,
        currentPassword: body.current_password,
        newPassword: body.new_password,
      }),
  }
}

const placeOf = ({ address, incoming }: Pick<ControlCall<'login'>, 'address' | 'incoming'>) => ({
  address,
  cookie: incoming.headers.cookie,
})
