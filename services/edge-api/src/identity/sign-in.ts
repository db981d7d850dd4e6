import { AppError } from '@sluice/kernel/app-error'
import { LRUCache } from 'lru-cache'

import type { AttemptName, AttemptRule } from './attempts.ts'
import type { IdentityParts } from './identity-deps.ts'
import type { Identity, SignedIn } from './identity.ts'
import { openSession } from './open-session.ts'
import { banned } from './session-state.ts'

const OF_ONE_EMAIL: AttemptRule = { kind: 'sign-in of', failuresMax: 10, everyMs: 60_000 }
const FROM_ONE_ADDRESS: AttemptRule = { kind: 'sign-in from', failuresMax: 30, everyMs: 20_000 }
/**
 * The right password costs as much to look at as a wrong one, and leaves a row: these are never taken back.
 * Strangers cannot use them up, for their failures end long before.
 */
const EVERY_ONE_OF: AttemptRule = { kind: 'every sign-in of', failuresMax: 120, everyMs: 10_000 }
const PLACES_MAX = 20_000

type SignIn = Identity['signIn']

/**
 * Opens a session for an e-mail and its password. The answer to a wrong one is the same, and takes the same
 * time, whether the e-mail is known or not; only the right password learns that the account is closed.
 */
export function createSignIn(parts: IdentityParts): SignIn {
  // Where each person signed in lately: from there strangers' failures do not lock them out.
  const places = new LRUCache<string, true>({ max: PLACES_MAX })
  return async ({ email: text, password, address }) => {
    const email = text.toLowerCase()
    const place = `${email} ${address}`
    const takeBack = parts.attempts.begin([
      { rule: OF_ONE_EMAIL, name: places.has(place) ? place : email },
      { rule: FROM_ONE_ADDRESS, name: address },
    ] satisfies AttemptName[])
    await orTakeBack(takeBack, async () =>
      parts.attempts.begin([{ rule: EVERY_ONE_OF, name: email }]),
    )
    const signedIn = await enter(parts, { email, password }, takeBack)
    places.set(place, true)
    return signedIn
  }
}

async function enter(
  parts: IdentityParts,
  { email, password }: { email: string; password: string },
  takeBack: () => void,
): Promise<SignedIn> {
  const { store, passwords } = parts
  const known = await orTakeBack(takeBack, () => store.findSignIn(email))
  const hash = known?.passwordHash
  const matches = await orTakeBack(takeBack, () => passwords.matches(hash, password))
  if (!known || typeof hash !== 'string' || !matches) throw wrong()
  takeBack()
  const { person } = known
  if (person.ban) throw banned(person.ban)
  const signedIn = await openSession(parts, { userId: person.id, passwordHash: hash })
  // Banned, or given another password, while we looked.
  if (!signedIn) throw wrong()
  return signedIn
}

// An attempt that we could not judge was none.
async function orTakeBack<Result>(takeBack: () => void, work: () => Promise<Result>) {
  try {
    return await work()
  } catch (error) {
    takeBack()
    throw error
  }
}

const wrong = () => new AppError('wrong_credentials', 'The e-mail or the password is wrong.')
