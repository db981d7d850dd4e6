import type { AccountDeps } from '../account-deps.ts'
import type { MintKey } from './mint-key.ts'
import { mintKey } from './mint-key.ts'

export type IssueKey = MintKey

/**
 * Creates an API key for an operator. Only its keyed hash and its visible prefix are stored; the plaintext is
 * only in this result. The same `secret` again returns the existing key (`created: false`).
 */
export async function issueKey(
  deps: AccountDeps,
  input: IssueKey,
): Promise<{ id: string; apiKey: string; created: boolean }> {
  const { apiKey, row } = mintKey(deps, input)
  const { id, created } = await deps.keyStore.insertKey(row)
  return { id, apiKey, created }
}
