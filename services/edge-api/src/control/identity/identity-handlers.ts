import type { ControlContext } from '../control-context.ts'
import type { ControlCall, ControlHandlers } from '../handlers.ts'
import { respondWithTokens } from './respond-with-tokens.ts'
import { readMe } from './read-me.ts'

type Operation =
  | 'getSite'
  | 'register'
  | 'login'
  | 'refresh'
  | 'logout'
  | 'getMe'
  | 'changePassword'

/** Sign-in, sign-out, and the user's own account. */
export function identityHandlers({
  gateway,
  identity,
  version,
}: ControlContext): Pick<ControlHandlers, Operation> {
  const { billing } = gateway.deps
  return {
    getSite: async () => ({ registration_open: identity.registration === 'open', version }),
    register: async (call) =>
      respondWithTokens(call, await identity.signUp({ ...call.body, ...originOf(call) })),
    login: async (call) =>
      respondWithTokens(call, await identity.signIn({ ...call.body, ...originOf(call) })),
    refresh: async (call) =>
      respondWithTokens(call, await identity.refresh({ refreshToken: call.body.refresh_token })),
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

const originOf = ({ address, incoming }: Pick<ControlCall<'login'>, 'address' | 'incoming'>) => ({
  address,
  cookie: incoming.headers.cookie,
})
