import type { EdgeDeps } from '../../deps.ts'
import type { OwnedKeyRef } from '../../store/user-api-key-repository.ts'
import { announceKeyChange } from './announce-key-change.ts'
import { keyNotFound } from './key-not-found.ts'

/** Revokes a key for good; safe to repeat. Throws `not_found`. */
export async function revokeApiKey(
  deps: Pick<EdgeDeps, 'keyStore' | 'bus' | 'log' | 'clock'>,
  { name }: { name: OwnedKeyRef },
): Promise<void> {
  const outcome = await deps.keyStore.revokeOwnKey(name, { at: deps.clock.now() })
  if (outcome === undefined) throw keyNotFound()
  if (outcome === 'revoked') await announceKeyChange(deps, { apiKeyId: name.id })
}
