import { AppError } from '@sluice/kernel/app-error'
import { findAlike } from '@sluice/kernel/fold-case'
import { newId } from '@sluice/kernel/ids'

import type { AccountDeps } from '../account-deps.ts'
import { normalizeNetwork } from '../auth/networks.ts'
import type { NewKey } from '../store/user-api-key-repository.ts'

/** 160 bits: not guessable, and short enough to paste. */
const KEY_BYTES = 20
const PREFIX_CHARACTERS = 8
const KEY_NAME = 'sk-sluice-'

export interface MintKey {
  userId: string
  wallet: string
  name: string
  /** Requests in any 60 seconds; null for no limit. */
  rpmLimit?: number | null
  /** Micro-credits per UTC day; null for no limit. */
  dailyQuotaMicro?: bigint | null
  /** Public model names; null for all. */
  models?: string[] | null
  /** Addresses and CIDR networks; null for all. */
  networks?: string[] | null
  expiresAt?: Date | null
  /** The plaintext key, when an operator chose it. */
  secret?: string
}

/**
 * Creates a key and its row, which holds only its keyed hash and its visible prefix. Throws `invalid_value`
 * for two models that differ only by case, because models are matched by exact names.
 */
export function mintKey(
  { keyHash, clock, random }: Omit<AccountDeps, 'keyStore'>,
  input: MintKey,
): { apiKey: string; row: NewKey } {
  const alike = findAlike(input.models ?? [])
  if (alike)
    throw new AppError('invalid_value', `The models ${alike.join(' and ')} differ only by case.`, {
      param: 'models',
    })
  const apiKey = input.secret ?? KEY_NAME + Buffer.from(random.bytes(KEY_BYTES)).toString('hex')
  const row = {
    id: newId('key', { clock, random }),
    userId: input.userId,
    wallet: input.wallet,
    name: input.name,
    hash: keyHash(apiKey),
    prefix: visibleStart(apiKey),
    rpmLimit: input.rpmLimit ?? null,
    dailyQuotaMicro: input.dailyQuotaMicro ?? null,
    models: input.models ?? null,
    networks: input.networks?.map(normalizeNetwork) ?? null,
    expiresAt: input.expiresAt ?? null,
    createdAt: clock.now(),
  }
  return { apiKey, row }
}

// At most a quarter of an operator-chosen key is shown.
function visibleStart(apiKey: string): string {
  const known = apiKey.startsWith(KEY_NAME) ? KEY_NAME.length : 0
  const shown = Math.min(PREFIX_CHARACTERS, Math.floor((apiKey.length - known) / 4))
  return apiKey.slice(0, known + shown)
}
