import { newId } from '@sluice/kernel/ids'

import type { AccountDeps } from '../account-deps.ts'

/** 160 bits: out of reach of guessing, short enough to paste. */
const KEY_BYTES = 20
const PREFIX_CHARACTERS = 8
const KEY_NAME = 'sk-sluice-'

export interface IssueKey {
  userId: string
  wallet: string
  name: string
  /** Requests in any 60 seconds; null is no limit. */
  rpmLimit?: number | null
  /** Public model names; null is all. */
  models?: string[] | null
  expiresAt?: Date | null
  /** The key itself, where an operator chose it. */
  secret?: string
}

/**
 * Mints an API key. Only its keyed hash and its visible start are stored; the plaintext is in this
 * answer for the only time. The same `secret` again answers the key that is there (`fresh: false`).
 */
export async function issueKey(
  { keyStore, keyHash, clock, random }: AccountDeps,
  input: IssueKey,
): Promise<{ id: string; apiKey: string; fresh: boolean }> {
  const { rpmLimit = null, models = null, expiresAt = null } = input
  const apiKey = input.secret ?? KEY_NAME + Buffer.from(random.bytes(KEY_BYTES)).toString('hex')
  const { id, fresh } = await keyStore.insertKey({
    id: newId('key', { clock, random }),
    userId: input.userId,
    wallet: input.wallet,
    name: input.name,
    hash: keyHash(apiKey),
    prefix: visibleStart(apiKey),
    rpmLimit,
    models,
    expiresAt,
    createdAt: clock.now(),
  })
  return { id, apiKey, fresh }
}

// Of a key that an operator chose, at most a quarter is shown.
function visibleStart(apiKey: string): string {
  const known = apiKey.startsWith(KEY_NAME) ? KEY_NAME.length : 0
  const shown = Math.min(PREFIX_CHARACTERS, Math.floor((apiKey.length - known) / 4))
  return apiKey.slice(0, known + shown)
}
