import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { SchedulerContext } from '../deps.ts'

type Spec = (typeof schedulerContract)['methods']['renewLease']

/** Extends a live lease. An expired one is lost, even if its slot is still free. */
export async function renewLease(
  { poolStore }: Pick<SchedulerContext, 'poolStore'>,
  { leaseId, ttlMs }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const expiresAt = await poolStore.renew({ leaseId, ttlMs })
  return expiresAt === null ? { outcome: 'lost' } : { outcome: 'renewed', expiresAt }
}
