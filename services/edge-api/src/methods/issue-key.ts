import type { AccountDeps } from '../account-deps.ts'
import type { MintKey } from './mint-key.ts'
import { mintKey } from './mint-key.ts'

export type IssueKey = MintKey

/**
 * Makes an API key for an operator. Only its keyed hash and its visible start are stored; the plaintext is
 * in this answer for the only time. The same `secret` again answers the key that is there (`created: false`).
 */
export async function issueKey(
  deps: AccountDeps,
  input: IssueKey,
): Promise<{ id: string; apiKey: string; created: boolean }> {
  const { apiKey, row } = mintKey(deps, input)
  const { id, created } = await deps.keyStore.insertKey(row)
  return { id, apiKey, created }
}
