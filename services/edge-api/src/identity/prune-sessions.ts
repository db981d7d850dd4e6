import type { IdentityContext } from './identity-deps.ts'

/** How long the row of an ended session is retained, so that requests still get the reason. */
const RETENTION_MS = 7 * 86_400_000
const BATCH = 1_000

/** Deletes sessions that ended long ago, in batches. */
export async function pruneSessions({ store, clock }: IdentityContext): Promise<void> {
  const before = new Date(clock.nowMs() - RETENTION_MS)
  while ((await store.prune({ before, limit: BATCH })) === BATCH);
}
