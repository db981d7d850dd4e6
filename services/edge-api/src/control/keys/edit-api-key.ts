import type { Decoded } from '@sluice/contracts/control/operation-types'
import { AppError } from '@sluice/kernel/app-error'

import { normalizeNetwork } from '../../auth/networks.ts'
import type { EdgeDeps } from '../../deps.ts'
import type { OwnedKeyRef } from '../../store/user-api-key-repository.ts'
import { publishKeyChange } from './publish-key-change.ts'
import { checkExpiry } from './create-api-key.ts'
import { keyNotFound } from './key-not-found.ts'
import type { ApiKeyDto } from './api-key-dto.ts'
import { toApiKeyDtos } from './api-key-dtos.ts'

type KeyDeps = Pick<EdgeDeps, 'keyStore' | 'quotaStore' | 'bus' | 'log' | 'clock'>

/**
 * Changes only the given fields. Throws `not_found`, `api_key_revoked`, `invalid_value` for a passed expiry.
 */
export async function editApiKey(
  deps: KeyDeps,
  { ref, body }: { ref: OwnedKeyRef; body: Decoded<'editApiKey'>['body'] },
): Promise<ApiKeyDto> {
  const at = deps.clock.now()
  checkExpiry(body.expires_at, at.getTime())
  const changes = {
    name: body.name,
    rpmLimit: body.rpm_limit,
    dailyQuotaMicro: body.daily_quota_micro,
    models: body.model_whitelist,
    networks: body.ip_whitelist && body.ip_whitelist.map(normalizeNetwork),
    expiresAt: body.expires_at,
  }
  const edited = await deps.keyStore.editKey(ref, { changes, at })
  if (edited === undefined) throw keyNotFound()
  if (edited === 'revoked')
    throw new AppError('api_key_revoked', 'This API key was revoked. Create a new one.')
  await publishKeyChange(deps, { apiKeyId: ref.id })
  const [shown] = await toApiKeyDtos(deps, [edited])
  if (!shown) throw keyNotFound()
  return shown
}
