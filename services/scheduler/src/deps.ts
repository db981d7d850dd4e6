import type { Bus } from '@sluice/bus/bus'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import type { Sealer } from '@sluice/sealing/sealer'
import type { Metrics } from '@sluice/service-kit/metrics'

import type { SchedulerConfig } from './config.ts'
import type { SchedulerCounters } from './counters.ts'
import type { Hints } from './hints.ts'
import type { CatalogCache } from './catalog-cache.ts'
import type { PoolCache } from './pool-cache.ts'
import type { CatalogStore } from './store/catalog-store.ts'
import type { PoolStore } from './store/pool-store.ts'

/** The dependencies of the scheduler. */
export interface SchedulerDeps {
  catalogStore: CatalogStore
  poolStore: PoolStore
  sealer: Sealer
  bus: Pick<Bus, 'announce' | 'subscribe' | 'connected'>
  clock: Clock
  random: Random
  log: Log
  metrics: Metrics
  config?: Partial<SchedulerConfig>
}

/** What methods and background tasks receive: the dependencies and the module's own state. */
export interface SchedulerContext extends Omit<SchedulerDeps, 'config' | 'bus' | 'metrics'> {
  catalog: CatalogCache
  pool: PoolCache
  hints: Hints
  counters: SchedulerCounters
}
