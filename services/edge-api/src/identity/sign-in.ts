import { AppError } from '@sluice/kernel/app-error'

import type { AttemptRule } from './attempts.ts'
import type { IdentityContext } from './identity-deps.ts'
import type { PasswordCall, SignedIn } from './identity.ts'
import { openSession } from './open-session.ts'
import { banned } from './session-state.ts'
import type { PacedAttempt } from './sign-in-pace.ts'

// Each leaves a row. Only right passwords are counted: strangers cannot use these up.
const SESSIONS_OF: AttemptRule = { kind: 'sessions of', failuresMax: 120, everyMs: 10_000 }

/**
 * Opens a session for an e-mail and its password. The answer to a wrong one is the same, and takes the same
 * time, whether the e-mail is known or not; only the right password learns that the account is closed.
 */
export async function signIn(context: IdentityContext, call: PasswordCall): Promise<SignedIn> {
  const email = call.email.toLowerCase()
  const { address, cookie, password } = call
  const device = context.devices.recognize(cookie, email)
  const attempt = context.pace.begin({ email, address, device })
  try {
    await attempt.ready
    const group = device === undefined ? address : `known ${email}`
    const signedIn = await enter(context, { email, password, group }, attempt)
    return { ...signedIn, deviceCookie: context.devices.write(cookie, email) }
  } finally {
    attempt.end()
  }
}

async function enter(
  context: IdentityContext,
  { email, password, group }: { email: string; password: string; group: string },
  attempt: PacedAttempt,
): Promise<SignedIn> {
  const { store, passwords } = context
  const turn = { group, class: attempt.class }
  const known = await orTakeBack(attempt, () => store.findSignIn(email))
  const hash = known?.passwordHash
  const matches = await orTakeBack(attempt, () => passwords.matches(hash, password, turn))
  if (!known || typeof hash !== 'string' || !matches) throw wrong()
  attempt.takeBack()
  const { user } = known
  if (user.ban) throw banned(user.ban)
  context.attempts.begin([{ rule: SESSIONS_OF, name: email }])
  const signedIn = await openSession(context, { userId: user.id, passwordHash: hash })
  // Banned, or given another password, while we looked.
  if (!signedIn) throw wrong()
  return signedIn
}

// An attempt that we could not judge was none.
async function orTakeBack<Result>(attempt: PacedAttempt, work: () => Promise<Result>) {
  try {
    return await work()
  } catch (error) {
    attempt.takeBack()
    throw error
  }
}

const wrong = () => new AppError('wrong_credentials', 'The e-mail or the password is wrong.')
