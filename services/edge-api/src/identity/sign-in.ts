import { AppError } from '@sluice/kernel/app-error'

import type { AttemptRule } from './attempts.ts'
import type { IdentityContext } from './identity-deps.ts'
import type { PasswordCall, SignedIn } from './identity.ts'
import { openSession } from './open-session.ts'
import { banned } from './session-state.ts'
import type { ThrottledAttempt } from './sign-in-throttle.ts'

// Each sign-in writes a row. Only right passwords are counted, so that other users cannot use up the limit.
const SESSIONS_OF: AttemptRule = { kind: 'sessions of', failuresMax: 120, everyMs: 10_000 }

/**
 * Opens a session for an e-mail and its password. The response to a wrong one is the same, and takes the same
 * time, whether the e-mail is known or not; only the right password reveals that the account is banned.
 */
export async function signIn(context: IdentityContext, call: PasswordCall): Promise<SignedIn> {
  const email = call.email.toLowerCase()
  const { address, cookie, password } = call
  const device = context.devices.recognize(cookie, email)
  const attempt = context.throttle.begin({ email, address, device })
  try {
    await attempt.ready
    const group = device === undefined ? address : `known ${email}`
    const signedIn = await checkPassword(context, { email, password, group }, attempt)
    return { ...signedIn, deviceCookie: context.devices.write(cookie, email) }
  } finally {
    attempt.end()
  }
}

async function checkPassword(
  context: IdentityContext,
  { email, password, group }: { email: string; password: string; group: string },
  attempt: ThrottledAttempt,
): Promise<SignedIn> {
  const { store, passwords } = context
  const priority = { group, class: attempt.class }
  const known = await orUncount(attempt, () => store.findSignIn(email))
  const hash = known?.passwordHash
  const matches = await orUncount(attempt, () => passwords.matches(hash, password, priority))
  if (!known || typeof hash !== 'string' || !matches) throw wrong()
  attempt.uncount()
  const { user } = known
  if (user.ban) throw banned(user.ban)
  context.attempts.begin([{ rule: SESSIONS_OF, name: email }])
  const signedIn = await openSession(context, { userId: user.id, passwordHash: hash })
  // The user was banned, or the password changed, in the meantime.
  if (!signedIn) throw wrong()
  return signedIn
}

// An attempt that could not be checked does not count.
async function orUncount<Result>(attempt: ThrottledAttempt, work: () => Promise<Result>) {
  try {
    return await work()
  } catch (error) {
    attempt.uncount()
    throw error
  }
}

const wrong = () => new AppError('wrong_credentials', 'The e-mail or the password is wrong.')
