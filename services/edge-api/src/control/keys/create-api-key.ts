import type { Decoded } from '@sluice/contracts/control/operation-types'
import { AppError } from '@sluice/kernel/app-error'

import type { AccountDeps } from '../../account-deps.ts'
import { mintKey } from '../../methods/mint-key.ts'
import type { SessionPrincipal } from '../../identity/identity.ts'
import { toApiKeyDto } from './show-key.ts'

/** Revoked keys do not count, expired ones do: they can be brought back. */
export const LIVE_KEYS_MAX = 100

/** Makes a key. Throws `too_many_api_keys`, `invalid_value` for an expiry that has passed. */
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
  const isMade = await deps.keyStore.insertIfUnderLimit(row, { liveMax: LIVE_KEYS_MAX })
  if (!isMade)
    throw new AppError(
      'too_many_api_keys',
      `You have ${LIVE_KEYS_MAX} API keys, and nobody may have more. Revoke one that is not used.`,
    )
  const shown = toApiKeyDto({ ...row, lastUsedAt: null, revokedAt: null }, { usedMicro: 0n, nowMs })
  return { ...shown, api_key: apiKey }
}

/** A key is made or changed to work from now on; who wants it to stop revokes it. */
export function checkExpiry(expiresAt: Date | null | undefined, nowMs: number): void {
  if (!expiresAt || expiresAt.getTime() > nowMs) return
  throw new AppError('invalid_value', "'expires_at' has passed. Revoke a key to end it now.", {
    param: 'expires_at',
  })
}
