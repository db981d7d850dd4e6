import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { SchedulerContext } from '../deps.ts'

type Spec = (typeof schedulerContract)['methods']['renewLease']

/** Moves the end of a lease that is alive. One that expired is lost, even if nobody took its place. */
export async function renewLease(
  { poolStore }: Pick<SchedulerContext, 'poolStore'>,
  { leaseId, ttlMs }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const expiresAt = await poolStore.renew({ leaseId, ttlMs })
  return expiresAt === null ? { outcome: 'lost' } : { outcome: 'renewed', expiresAt }
}
