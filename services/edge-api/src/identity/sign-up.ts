import { assert } from '@sluice/kernel/assert'
import { AppError, isAppError } from '@sluice/kernel/app-error'

import type { AttemptRule } from './attempts.ts'
import { storeNewUser } from './store-new-user.ts'
import type { IdentityContext } from './identity-deps.ts'
import type { Identity, SignedIn } from './identity.ts'
import { openSession } from './open-session.ts'

// Every registration counts, including successful ones.
const FROM_ONE_ADDRESS: AttemptRule = { kind: 'sign-up from', failuresMax: 10, everyMs: 360_000 }

/** Creates an account and signs in, if registration is open. Never creates an admin. */
export async function signUp(
  context: IdentityContext,
  { email, password, address, cookie }: Parameters<Identity['signUp']>[0],
): Promise<SignedIn> {
  if (context.registration === 'closed') {
    const message = 'Registration is closed here. Contact the operator to get an account.'
    throw new AppError('registration_closed', message)
  }
  const uncount = context.attempts.begin([{ rule: FROM_ONE_ADDRESS, name: address }])
  const newUser = { email, password, role: 'user', group: address } as const
  const { user, passwordHash } = await storeNewUser(context, newUser).catch((error: unknown) => {
    // Choosing another password does not count as a second registration.
    if (isAppError(error, 'weak_password')) uncount()
    throw error
  })
  const signedIn = await openSession(context, { userId: user.id, passwordHash })
  assert(signedIn !== undefined, 'a new user can sign in')
  return { ...signedIn, deviceCookie: context.devices.write(cookie, email) }
}
