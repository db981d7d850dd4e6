import type { IdentityContext } from './identity-deps.ts'

/** So long a session that has ended can still say why. */
const KEPT_MS = 7 * 86_400_000
const BATCH = 1_000

/** Forgets sessions that ended long ago, in batches. */
export async function pruneSessions({ store, clock }: IdentityContext): Promise<void> {
  const before = new Date(clock.nowMs() - KEPT_MS)
  while ((await store.prune({ before, limit: BATCH })) === BATCH);
}
