import type { Decoded } from '@sluice/contracts/control/operation-types'

import type { SignedIn } from '../../identity/identity.ts'
import type { ControlCall } from '../handlers.ts'
import { toSignedInUser } from './signed-in-user.ts'

/** Returns tokens for scripts in the body, and the same session as a cookie for browsers. */
export function respondWithTokens(
  { addHeader }: Pick<ControlCall<'login'>, 'addHeader'>,
  signedIn: SignedIn,
): Decoded<'login'>['answer'] {
  addHeader('set-cookie', signedIn.setCookie)
  if (signedIn.deviceCookie !== undefined) addHeader('set-cookie', signedIn.deviceCookie)
  return {
    access_token: signedIn.accessToken,
    refresh_token: signedIn.refreshToken,
    expires_in: signedIn.expiresInS,
    token_type: 'Bearer',
    user: toSignedInUser(signedIn.user),
  }
}
