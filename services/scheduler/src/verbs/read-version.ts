import type { OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { SchedulerParts } from '../deps.ts'

type Spec = (typeof schedulerContract)['methods']['readVersion']

/** The version of the rows, which this replica knows afterwards. The last known one while they are away. */
export async function readVersion({
  catalog,
  log,
}: Pick<SchedulerParts, 'catalog' | 'log'>): Promise<OutputOf<Spec>> {
  await catalog
    .refresh()
    .catch((err: unknown) => log.debug({ err }, 'the version of the catalog could not be read'))
  return { version: catalog.current().version }
}
