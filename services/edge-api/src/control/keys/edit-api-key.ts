import type { Decoded } from '@sluice/contracts/control/operation-types'
import { AppError } from '@sluice/kernel/app-error'
import { mapPatch } from '@sluice/kernel/map-patch'

import { normalizeNetwork } from '../../auth/networks.ts'
import type { EdgeDeps } from '../../deps.ts'
import type { KeyChanges, OwnedKeyRef } from '../../store/user-api-key-repository.ts'
import { publishKeyChange } from './publish-key-change.ts'
import { checkExpiry } from './create-api-key.ts'
import { keyNotFound } from './key-not-found.ts'
import type { ApiKeyDto } from './api-key-dto.ts'
import { toApiKeyDtos } from './api-key-dtos.ts'

type KeyDeps = Pick<EdgeDeps, 'keyStore' | 'quotaStore' | 'bus' | 'log' | 'clock'>

type Body = Decoded<'editApiKey'>['body']

/**
 * Changes only the given fields. Throws `not_found`, `api_key_revoked`, `invalid_value` for a passed expiry.
 */
export async function editApiKey(
  deps: KeyDeps,
  { ref, body }: { ref: OwnedKeyRef; body: Body },
): Promise<ApiKeyDto> {
  const at = deps.clock.now()
  checkExpiry(body.expires_at, at.getTime())
  const changes = mapPatch<Body, KeyChanges>(body, {
    name: (name) => ({ name }),
    rpm_limit: (rpmLimit) => ({ rpmLimit }),
    daily_quota_micro: (dailyQuotaMicro) => ({ dailyQuotaMicro }),
    model_whitelist: (models) => ({ models }),
    ip_whitelist: (networks) => ({ networks: networks && networks.map(normalizeNetwork) }),
    expires_at: (expiresAt) => ({ expiresAt }),
  })
  const edited = await deps.keyStore.editKey(ref, { changes, at })
  if (edited === undefined) throw keyNotFound()
  if (edited === 'revoked')
    throw new AppError('api_key_revoked', 'This API key was revoked. Create a new one.')
  await publishKeyChange(deps, { apiKeyId: ref.id })
  const [shown] = await toApiKeyDtos(deps, [edited])
  if (!shown) throw keyNotFound()
  return shown
}
