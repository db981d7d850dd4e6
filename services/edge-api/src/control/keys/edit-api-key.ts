import type { Decoded } from '@sluice/contracts/control/operation-types'
import { AppError } from '@sluice/kernel/app-error'

import { normalNetwork } from '../../admit/networks.ts'
import type { EdgeDeps } from '../../deps.ts'
import type { OwnedKeyRef } from '../../store/user-api-key-repository.ts'
import { announceKeyChange } from './announce-key-change.ts'
import { checkExpiry } from './create-api-key.ts'
import { keyNotFound } from './key-not-found.ts'
import type { ShownKey } from './show-key.ts'
import { showKeys } from './show-keys.ts'

type KeyDeps = Pick<EdgeDeps, 'keyStore' | 'quotaStore' | 'bus' | 'log' | 'clock'>

/** Changes what is named. Throws `not_found`, `api_key_revoked`, `invalid_value` for a passed expiry. */
export async function editApiKey(
  deps: KeyDeps,
  { name, body }: { name: OwnedKeyRef; body: Decoded<'editApiKey'>['body'] },
): Promise<ShownKey> {
  const at = deps.clock.now()
  checkExpiry(body.expires_at, at.getTime())
  const changes = {
    name: body.name,
    rpmLimit: body.rpm_limit,
    dailyQuotaMicro: body.daily_quota_micro,
    models: body.model_whitelist,
    networks: body.ip_whitelist && body.ip_whitelist.map(normalNetwork),
    expiresAt: body.expires_at,
  }
  const edited = await deps.keyStore.editKey(name, { changes, at })
  if (edited === undefined) throw keyNotFound()
  if (edited === 'revoked')
    throw new AppError('api_key_revoked', 'This API key was revoked. Make a new one instead.')
  await announceKeyChange(deps, { apiKeyId: name.id })
  const [shown] = await showKeys(deps, [edited])
  if (!shown) throw keyNotFound()
  return shown
}
