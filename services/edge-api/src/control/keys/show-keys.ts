import { dayOf } from '../../admit/quota-day.ts'
import type { EdgeDeps } from '../../deps.ts'
import type { UserApiKey } from '../../store/user-api-key-repository.ts'
import type { ShownKey } from './show-key.ts'
import { toApiKeyDto } from './show-key.ts'

/** Keys with what they used of today's quotas. */
export async function showKeys(
  { quotaStore, clock }: Pick<EdgeDeps, 'quotaStore' | 'clock'>,
  keys: readonly UserApiKey[],
): Promise<ShownKey[]> {
  const nowMs = clock.nowMs()
  const apiKeyIds = keys.map(({ id }) => id)
  const used = await quotaStore.readUsed({ apiKeyIds, day: dayOf(nowMs) })
  return keys.map((key) => toApiKeyDto(key, { usedMicro: used.get(key.id) ?? 0n, nowMs }))
}
