import type { Scheduler } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'
import type { HealthCheck } from '@sluice/service-kit/http/health'

import { defaultSchedulerConfig } from './config.ts'
import { schedulerCounters } from './counters.ts'
import type { SchedulerDeps, SchedulerContext } from './deps.ts'
import { createHints } from './hints.ts'
import { createCatalogCache } from './catalog-cache.ts'
import { createPoolCache } from './pool-cache.ts'
import { startBackgroundTasks } from './background/start-background-tasks.ts'
import { changeChannel } from './methods/change-channel.ts'
import { countRetired } from './methods/count-retired.ts'
import { createChannel } from './methods/create-channel.ts'
import { editChannel } from './methods/edit-channel.ts'
import { grantLease } from './methods/grant-lease.ts'
import { importCredentials } from './methods/import-credentials.ts'
import { readCatalog } from './methods/read-catalog.ts'
import { releaseLease } from './methods/release-lease.ts'
import { renewLease } from './methods/renew-lease.ts'
import { reportOutcomes } from './methods/report-outcomes.ts'
import { setCredentialState } from './methods/set-credential-state.ts'

export interface SchedulerModule extends Scheduler {
  /** Loads the catalog, subscribes to its changes and starts the background tasks. Throws `unavailable`. */
  start(): Promise<void>
  /** Writes health to PostgreSQL and stops the background tasks. Leases stay in the pool. */
  stop(): Promise<void>
  /** For /ready. */
  checks: Record<string, HealthCheck>
}

/** Creates the scheduler module; opens no socket. */
export function createScheduler(deps: SchedulerDeps): SchedulerModule {
  const context = createContext(deps)
  const config = { ...defaultSchedulerConfig, ...deps.config }
  let stopBackgroundTasks: (() => Promise<void>) | undefined
  return {
    readCatalog: (input) => readCatalog(context, input),
    countRetired: () => countRetired(context),
    grantLease: (input, options) => grantLease(context, input, options),
    renewLease: (input) => renewLease(context, input),
    releaseLease: (input) => releaseLease(context, input),
    reportOutcomes: (input) => reportOutcomes(context, input),
    editChannel: (input) => editChannel(context, input),
    createChannel: (input) => createChannel(context, input),
    changeChannel: (input) => changeChannel(context, input),
    importCredentials: (input) => importCredentials(context, input),
    setCredentialState: (input) => setCredentialState(context, input),

    start: async () => {
      await context.catalog.reload()
      stopBackgroundTasks = await startBackgroundTasks(context, { bus: deps.bus, config })
    },
    stop: async () => {
      await stopBackgroundTasks?.()
      stopBackgroundTasks = undefined
    },
    checks: {
      catalog: async () => void context.catalog.current(),
      pool: async () => void (await deps.poolStore.read([])),
      bus: async () => {
        if (!deps.bus.connected()) throw new AppError('unavailable', 'the bus is unavailable')
      },
    },
  }
}

function createContext(deps: SchedulerDeps): SchedulerContext {
  const { bus, metrics, config: _, ...shared } = deps
  const pool = createPoolCache({ store: deps.poolStore })
  metrics.watch({
    name: 'sluice_scheduler_leases',
    help: 'Live leases in the cache of this replica.',
    read: () =>
      pool
        .statuses()
        .values()
        .reduce((sum, { leases }) => sum + leases, 0),
  })
  return {
    ...shared,
    catalog: createCatalogCache({ store: deps.catalogStore, sealer: deps.sealer }),
    pool,
    hints: createHints({ bus, log: deps.log }),
    counters: schedulerCounters(metrics),
  }
}
