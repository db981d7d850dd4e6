import type { AccountDeps } from '../account-deps.ts'

/**
 * Revokes an API key permanently. The outbox row written in the same transaction makes every edge invalidate
 * it. False when the key does not exist or was revoked before.
 */
export async function revokeKey(
  { keyStore, clock }: Pick<AccountDeps, 'keyStore' | 'clock'>,
  { id }: { id: string },
): Promise<boolean> {
  return keyStore.revokeKey({ id, at: clock.now() })
}
