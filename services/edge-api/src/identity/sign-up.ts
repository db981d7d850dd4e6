import { assert } from '@sluice/kernel/assert'
import { AppError, isAppError } from '@sluice/kernel/app-error'

import type { AttemptRule } from './attempts.ts'
import { storeNewUser } from './store-new-user.ts'
import type { IdentityContext } from './identity-deps.ts'
import type { Identity, SignedIn } from './identity.ts'
import { openSession } from './open-session.ts'

// Every registration counts, also those that succeed.
const FROM_ONE_ADDRESS: AttemptRule = { kind: 'sign-up from', failuresMax: 10, everyMs: 360_000 }

/** Makes an account and signs in, where registration is open. Never makes an admin. */
export async function signUp(
  context: IdentityContext,
  { email, password, address, cookie }: Parameters<Identity['signUp']>[0],
): Promise<SignedIn> {
  if (context.registration === 'closed') {
    const message = 'Registration is closed here. Ask the operator for an account.'
    throw new AppError('registration_closed', message)
  }
  const takeBack = context.attempts.begin([{ rule: FROM_ONE_ADDRESS, name: address }])
  const made = { email, password, role: 'user', group: address } as const
  const { user, passwordHash } = await storeNewUser(context, made).catch((error: unknown) => {
    // Whoever chooses another password registers once.
    if (isAppError(error, 'weak_password')) takeBack()
    throw error
  })
  const signedIn = await openSession(context, { userId: user.id, passwordHash })
  assert(signedIn !== undefined, 'a person who was made just now can sign in')
  return { ...signedIn, deviceCookie: context.devices.write(cookie, email) }
}
