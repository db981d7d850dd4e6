import type { Decoded } from '@sluice/contracts/control/operation-types'
import { AppError } from '@sluice/kernel/app-error'

import type { AccountDeps } from '../../account-deps.ts'
import { mintKey } from '../../methods/mint-key.ts'
import type { SessionPrincipal } from '../../identity/identity.ts'
import { toApiKeyDto } from './api-key-dto.ts'

/**
 * The maximum number of keys of a user. Expired keys count, because they can be extended; revoked ones do
 * not.
 */
export const LIVE_KEYS_MAX = 100

/** Creates a key. Throws `too_many_api_keys`, `invalid_value` for an expiry in the past. */
export async function createApiKey(
  deps: AccountDeps,
  { session, body }: { session: SessionPrincipal; body: Decoded<'createApiKey'>['body'] },
): Promise<Decoded<'createApiKey'>['answer']> {
  const nowMs = deps.clock.nowMs()
  checkExpiry(body.expires_at, nowMs)
  const { apiKey, row } = mintKey(deps, {
    userId: session.userId,
    wallet: session.wallet,
    name: body.name,
    rpmLimit: body.rpm_limit,
    dailyQuotaMicro: body.daily_quota_micro ?? null,
    models: body.model_whitelist,
    networks: body.ip_whitelist,
    expiresAt: body.expires_at,
  })
  const isInserted = await deps.keyStore.insertIfUnderLimit(row, { liveMax: LIVE_KEYS_MAX })
  if (!isInserted)
    throw new AppError(
      'too_many_api_keys',
      `You have ${LIVE_KEYS_MAX} API keys, which is the maximum. Revoke an unused one.`,
    )
  const dto = toApiKeyDto({ ...row, lastUsedAt: null, revokedAt: null }, { usedMicro: 0n, nowMs })
  return { ...dto, api_key: apiKey }
}

/** An expiry must be in the future; to end a key now, revoke it. */
export function checkExpiry(expiresAt: Date | null | undefined, nowMs: number): void {
  if (!expiresAt || expiresAt.getTime() > nowMs) return
  throw new AppError('invalid_value', "'expires_at' has passed. Revoke a key to end it now.", {
    param: 'expires_at',
  })
}
