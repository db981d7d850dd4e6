import { AppError } from '@sluice/kernel/app-error'

import type { StoredPerson } from '../store/identity-store.ts'
import type { IdentityParts } from './identity-deps.ts'
import type { Standing } from './standing.ts'
import { changedStanding } from './standing.ts'

/** Changes what a person may be. Throws `last_admin`, `not_found`. */
export async function changeStanding(
  parts: IdentityParts,
  {
    userId,
    change,
  }: { userId: string; change: (before: Standing, now: Date) => Partial<Standing> },
): Promise<StoredPerson> {
  const at = parts.clock.now()
  const changed = await parts.store.changeStanding({ userId, at }, (before, others) =>
    changedStanding(before, change(before, at), others),
  )
  if (!changed) throw new AppError('not_found', 'There is no such person.')
  await tellEdges(parts, changed.apiKeyIds)
  return changed.person
}

/** The hint; its rows in the outbox are the promise. */
async function tellEdges({ bus, log }: IdentityParts, apiKeyIds: readonly string[]): Promise<void> {
  const told = await Promise.allSettled(
    apiKeyIds.map((apiKeyId) => bus.announce('api-key-changed', { apiKeyId })),
  )
  const failed = told.find((outcome) => outcome.status === 'rejected')
  if (failed) log.warn({ err: failed.reason }, 'changed keys were not announced; the relay will')
}
