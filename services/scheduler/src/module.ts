import type { Scheduler } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'
import type { HealthCheck } from '@sluice/service-kit/http/health'

import { defaultSchedulerConfig } from './config.ts'
import { schedulerCounters } from './counters.ts'
import type { SchedulerDeps, SchedulerParts } from './deps.ts'
import { createHints } from './hints.ts'
import { createKnownCatalog } from './known-catalog.ts'
import { createKnownPool } from './known-pool.ts'
import { startUpkeep } from './upkeep/start-upkeep.ts'
import { changeChannel } from './verbs/change-channel.ts'
import { countRetired } from './verbs/count-retired.ts'
import { createChannel } from './verbs/create-channel.ts'
import { editChannel } from './verbs/edit-channel.ts'
import { grantLease } from './verbs/grant-lease.ts'
import { importCredentials } from './verbs/import-credentials.ts'
import { readCatalog } from './verbs/read-catalog.ts'
import { releaseLease } from './verbs/release-lease.ts'
import { renewLease } from './verbs/renew-lease.ts'
import { reportOutcomes } from './verbs/report-outcomes.ts'
import { setCredentialState } from './verbs/set-credential-state.ts'

export interface SchedulerModule extends Scheduler {
  /** Reads the catalog, listens for its changes and begins upkeep. Throws `unavailable`. */
  start(): Promise<void>
  /** Writes back what was learned and ends upkeep. Leases live on in the pool. */
  stop(): Promise<void>
  /** For /ready. */
  checks: Record<string, HealthCheck>
}

/** Pools of upstream credentials: who may be used now. Makes the module; opens no socket. */
export function createScheduler(deps: SchedulerDeps): SchedulerModule {
  const parts = partsOf(deps)
  const config = { ...defaultSchedulerConfig, ...deps.config }
  let endUpkeep: (() => Promise<void>) | undefined
  return {
    readCatalog: (input) => readCatalog(parts, input),
    countRetired: () => countRetired(parts),
    grantLease: (input, options) => grantLease(parts, input, options),
    renewLease: (input) => renewLease(parts, input),
    releaseLease: (input) => releaseLease(parts, input),
    reportOutcomes: (input) => reportOutcomes(parts, input),
    editChannel: (input) => editChannel(parts, input),
    createChannel: (input) => createChannel(parts, input),
    changeChannel: (input) => changeChannel(parts, input),
    importCredentials: (input) => importCredentials(parts, input),
    setCredentialState: (input) => setCredentialState(parts, input),

    start: async () => {
      await parts.catalog.reload()
      endUpkeep = await startUpkeep(parts, { bus: deps.bus, config })
    },
    stop: async () => {
      await endUpkeep?.()
      endUpkeep = undefined
    },
    checks: {
      catalog: async () => void parts.catalog.current(),
      pool: async () => void (await deps.poolStore.read([])),
      bus: async () => {
        if (!deps.bus.connected()) throw new AppError('unavailable', 'the bus is away')
      },
    },
  }
}

function partsOf(deps: SchedulerDeps): SchedulerParts {
  const { bus, metrics, config: _, ...world } = deps
  const pool = createKnownPool({ store: deps.poolStore })
  metrics.watch({
    name: 'sluice_scheduler_leases',
    help: 'Leases that are alive, as this replica knows.',
    read: () =>
      pool
        .standings()
        .values()
        .reduce((sum, { leases }) => sum + leases, 0),
  })
  return {
    ...world,
    catalog: createKnownCatalog({ store: deps.catalogStore, sealer: deps.sealer }),
    pool,
    hints: createHints({ bus, log: deps.log }),
    counters: schedulerCounters(metrics),
  }
}
