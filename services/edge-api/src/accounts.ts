import type { AccountDeps } from './account-deps.ts'
import { keyHash } from './auth/key-hash.ts'
import type { StoredUser } from './store/identity-store.ts'
import type { CreateUser } from './methods/create-user.ts'
import { createUser } from './methods/create-user.ts'
import type { IssueKey } from './methods/issue-key.ts'
import { issueKey } from './methods/issue-key.ts'
import type { ReplacedPassword } from './methods/replace-password.ts'
import { replacePassword } from './methods/replace-password.ts'
import { revokeKey } from './methods/revoke-key.ts'

export { generatePassword } from './identity/generate-password.ts'

/** Users and their API keys, for the operator's commands and the control API. */
export interface Accounts {
  /** Creates a user with a wallet; returns the existing user when the e-mail is already registered. */
  createUser(input: CreateUser): Promise<StoredUser & { created: boolean }>
  /** Sets a new password, which is returned only here, and ends every session of the user. */
  replacePassword(input: { email: string }): Promise<ReplacedPassword | undefined>
  findUser(email: string): Promise<StoredUser | undefined>
  /** Creates a key; its plaintext is only in this result. */
  issueKey(input: IssueKey): Promise<{ id: string; apiKey: string; created: boolean }>
  /** False when the key does not exist or was revoked before. */
  revokeKey(input: { id: string }): Promise<boolean>
}

/** Binds the account methods to their stores; `pepper` is base64. Opens no socket. */
export function createAccounts({
  pepper,
  ...given
}: Omit<AccountDeps, 'keyHash'> & { pepper: string }): Accounts {
  const deps = { ...given, keyHash: keyHash(pepper) }
  return {
    createUser: (input) => createUser(deps, input),
    replacePassword: (input) => replacePassword(deps, input),
    findUser: async (email) => (await deps.identityStore.findSignIn(email.toLowerCase()))?.user,
    issueKey: (input) => issueKey(deps, input),
    revokeKey: (input) => revokeKey(deps, input),
  }
}
