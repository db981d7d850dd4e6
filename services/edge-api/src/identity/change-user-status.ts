import { AppError } from '@sluice/kernel/app-error'

import type { StoredUser } from '../store/identity-store.ts'
import type { IdentityContext } from './identity-deps.ts'
import type { UserStatus } from './user-status.ts'
import { changedUserStatus } from './user-status.ts'

/** Changes a user's role or ban. Throws `last_admin`, `not_found`. */
export async function changeUserStatus(
  context: IdentityContext,
  {
    userId,
    change,
  }: { userId: string; change: (before: UserStatus, now: Date) => Partial<UserStatus> },
): Promise<StoredUser> {
  const at = context.clock.now()
  const changed = await context.store.changeUserStatus({ userId, at }, (before, others) =>
    changedUserStatus(before, change(before, at), others),
  )
  if (!changed) throw new AppError('not_found', 'There is no such user.')
  await publishKeyChanges(context, changed.apiKeyIds)
  return changed.user
}

/** A hint only: the outbox rows guarantee delivery. */
async function publishKeyChanges(
  { bus, log }: IdentityContext,
  apiKeyIds: readonly string[],
): Promise<void> {
  const published = await Promise.allSettled(
    apiKeyIds.map((apiKeyId) => bus.announce('api-key-changed', { apiKeyId })),
  )
  const failed = published.find((outcome) => outcome.status === 'rejected')
  if (failed) log.warn({ err: failed.reason }, 'changed keys not announced; the relay will')
}
