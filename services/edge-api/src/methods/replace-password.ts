import type { AccountDeps } from '../account-deps.ts'
import { generatePassword } from '../identity/generate-password.ts'
import { hashPassword } from '../identity/password-hash.ts'
import type { StoredUser } from '../store/identity-store.ts'

export interface ReplacedPassword {
  user: StoredUser
  /** Plaintext; returned only here. */
  password: string
}

/**
 * Sets a generated password for a user, and ends all their sessions. Undefined when the e-mail is unknown. A
 * ban stays.
 */
export async function replacePassword(
  { identityStore, clock, random }: Pick<AccountDeps, 'identityStore' | 'clock' | 'random'>,
  { email }: { email: string },
): Promise<ReplacedPassword | undefined> {
  const known = await identityStore.findSignIn(email.toLowerCase())
  if (!known) return undefined
  const { user } = known
  const password = generatePassword({ random })
  const passwordHash = await hashPassword({ random }, password)
  const change = { userId: user.id, passwordHash, at: clock.now() }
  return (await identityStore.replacePassword(change)) ? { user, password } : undefined
}
