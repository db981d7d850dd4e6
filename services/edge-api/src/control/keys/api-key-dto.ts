import type { Decoded } from '@sluice/contracts/control/operation-types'

import { formatNetwork } from '../../auth/networks.ts'
import type { UserApiKey } from '../../store/user-api-key-repository.ts'

export type ApiKeyDto = Decoded<'getApiKey'>['answer']

/** A key for its owner. `usedMicro` is the spent and reserved amount of today's quota. */
export function toApiKeyDto(
  key: UserApiKey,
  { usedMicro, nowMs }: { usedMicro: bigint; nowMs: number },
): ApiKeyDto {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    rpm_limit: key.rpmLimit,
    daily_quota_micro: key.dailyQuotaMicro,
    model_whitelist: key.models,
    ip_whitelist: key.networks?.map(formatNetwork) ?? null,
    expires_at: key.expiresAt,
    spent_today_micro: usedMicro,
    state: stateOf(key, nowMs),
    created_at: key.createdAt,
    last_used_at: key.lastUsedAt,
    revoked_at: key.revokedAt,
  }
}

function stateOf({ revokedAt, expiresAt }: UserApiKey, nowMs: number): ApiKeyDto['state'] {
  if (revokedAt) return 'revoked'
  return expiresAt && expiresAt.getTime() <= nowMs ? 'expired' : 'active'
}
