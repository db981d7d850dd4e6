import type { Billing } from '@sluice/contracts/billing.contract'
import type { Scheduler } from '@sluice/contracts/scheduler.contract'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Sealer } from '@sluice/sealing/sealer'
import type { Upstream } from '@sluice/upstreams/upstream'

import type { EdgeConfig } from '../../config.ts'

/** Dependencies of the operations on channels, models and prices. */
export interface ChannelDeps {
  scheduler: Pick<
    Scheduler,
    | 'readCatalog'
    | 'createChannel'
    | 'changeChannel'
    | 'importCredentials'
    | 'setCredentialState'
    | 'reportOutcomes'
  >
  billing: Pick<Billing, 'readPrices' | 'addPrice'>
  sealer: Pick<Sealer, 'open'>
  upstreamOf: (dialect: string) => Upstream | undefined
  config: Pick<EdgeConfig, 'metadataHostsAllowed'>
  clock: Clock
  log: Log
}
