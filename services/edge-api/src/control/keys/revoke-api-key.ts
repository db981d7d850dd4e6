import type { EdgeDeps } from '../../deps.ts'
import type { OwnedKeyRef } from '../../store/user-api-key-repository.ts'
import { publishKeyChange } from './publish-key-change.ts'
import { keyNotFound } from './key-not-found.ts'

/** Revokes a key permanently; a repeat is safe. Throws `not_found`. */
export async function revokeApiKey(
  deps: Pick<EdgeDeps, 'keyStore' | 'bus' | 'log' | 'clock'>,
  { ref }: { ref: OwnedKeyRef },
): Promise<void> {
  const outcome = await deps.keyStore.revokeOwnKey(ref, { at: deps.clock.now() })
  if (outcome === undefined) throw keyNotFound()
  if (outcome === 'revoked') await publishKeyChange(deps, { apiKeyId: ref.id })
}
