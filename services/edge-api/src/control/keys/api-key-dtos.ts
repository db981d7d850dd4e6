import { dayOf } from '../../limits/quota-day.ts'
import type { EdgeDeps } from '../../deps.ts'
import type { UserApiKey } from '../../store/user-api-key-repository.ts'
import type { ApiKeyDto } from './api-key-dto.ts'
import { toApiKeyDto } from './api-key-dto.ts'

/** Keys with the used amounts of today's quotas. */
export async function toApiKeyDtos(
  { quotaStore, clock }: Pick<EdgeDeps, 'quotaStore' | 'clock'>,
  keys: readonly UserApiKey[],
): Promise<ApiKeyDto[]> {
  const nowMs = clock.nowMs()
  const apiKeyIds = keys.map(({ id }) => id)
  const used = await quotaStore.readUsed({ apiKeyIds, day: dayOf(nowMs) })
  return keys.map((key) => toApiKeyDto(key, { usedMicro: used.get(key.id) ?? 0n, nowMs }))
}
