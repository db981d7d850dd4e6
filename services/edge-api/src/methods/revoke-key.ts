import type { AccountDeps } from '../account-deps.ts'

/**
 * Revokes an API key for good. The outbox row that is written with it tells every edge to forget the key;
 * false when there is no such key, or it was revoked before.
 */
export async function revokeKey(
  { keyStore, clock }: Pick<AccountDeps, 'keyStore' | 'clock'>,
  { id }: { id: string },
): Promise<boolean> {
  return keyStore.revokeKey({ id, at: clock.now() })
}
