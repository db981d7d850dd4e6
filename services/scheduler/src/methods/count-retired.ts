import type { OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { SchedulerContext } from '../deps.ts'

type Spec = (typeof schedulerContract)['methods']['countRetired']

/** The number of retired credentials of all channels. */
export async function countRetired({
  catalogStore,
}: Pick<SchedulerContext, 'catalogStore'>): Promise<OutputOf<Spec>> {
  return { retired: await catalogStore.countRetired() }
}
