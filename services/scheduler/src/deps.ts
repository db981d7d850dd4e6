import type { Bus } from '@sluice/bus/bus'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import type { Sealer } from '@sluice/sealing/sealer'
import type { Metrics } from '@sluice/service-kit/metrics'

import type { SchedulerConfig } from './config.ts'
import type { SchedulerCounters } from './counters.ts'
import type { Hints } from './hints.ts'
import type { KnownCatalog } from './known-catalog.ts'
import type { KnownPool } from './known-pool.ts'
import type { CatalogStore } from './store/catalog-store.ts'
import type { PoolStore } from './store/pool-store.ts'

/** What the scheduler asks of the world. */
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

/** What its verbs and upkeep get: the world, and what the module made of it. */
export interface SchedulerContext extends Omit<SchedulerDeps, 'config' | 'bus' | 'metrics'> {
  catalog: KnownCatalog
  pool: KnownPool
  hints: Hints
  counters: SchedulerCounters
}
