import type { Decoded } from '@sluice/contracts/control/operation-types'

import { shownNetwork } from '../../admit/networks.ts'
import type { UserApiKey } from '../../store/user-api-key-repository.ts'

export type ShownKey = Decoded<'getApiKey'>['answer']

/** A key as its owner sees it. `usedMicro` is what is spent and reserved of today's quota. */
export function toApiKeyDto(
  key: UserApiKey,
  { usedMicro, nowMs }: { usedMicro: bigint; nowMs: number },
): ShownKey {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    rpm_limit: key.rpmLimit,
    daily_quota_micro: key.dailyQuotaMicro,
    model_whitelist: key.models,
    ip_whitelist: key.networks?.map(shownNetwork) ?? null,
    expires_at: key.expiresAt,
    spent_today_micro: usedMicro,
    state: stateOf(key, nowMs),
    created_at: key.createdAt,
    last_used_at: key.lastUsedAt,
    revoked_at: key.revokedAt,
  }
}

function stateOf({ revokedAt, expiresAt }: UserApiKey, nowMs: number): ShownKey['state'] {
  if (revokedAt) return 'revoked'
  return expiresAt && expiresAt.getTime() <= nowMs ? 'expired' : 'active'
}
