import { assert } from '@sluice/kernel/assert'
import { AppError } from '@sluice/kernel/app-error'

import type { AttemptRule } from './attempts.ts'
import { createPerson } from './create-person.ts'
import type { IdentityParts } from './identity-deps.ts'
import type { Identity, SignedIn } from './identity.ts'
import { openSession } from './open-session.ts'
import { checkNewPassword } from './passwords.ts'

// Every registration counts, also those that succeed.
const FROM_ONE_ADDRESS: AttemptRule = { kind: 'sign-up from', failuresMax: 10, everyMs: 360_000 }

/** Makes an account and signs in, where registration is open. Never makes an admin. */
export async function signUp(
  parts: IdentityParts,
  { email, password, address }: Parameters<Identity['signUp']>[0],
): Promise<SignedIn> {
  if (parts.registration === 'closed') {
    const message = 'Registration is closed here. Ask the operator for an account.'
    throw new AppError('registration_closed', message)
  }
  checkNewPassword(password)
  parts.attempts.begin([{ rule: FROM_ONE_ADDRESS, name: address }])
  const { person, passwordHash } = await createPerson(parts, { email, password, role: 'user' })
  const signedIn = await openSession(parts, { userId: person.id, passwordHash })
  assert(signedIn !== undefined, 'a person who was made just now can sign in')
  return signedIn
}
