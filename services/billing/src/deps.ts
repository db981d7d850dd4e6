import type { Bus } from '@sluice/bus/bus'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import type { Metrics } from '@sluice/service-kit/metrics'

import type { BillingConfig } from './config.ts'
import type { BillingCounters } from './counters.ts'
import type { KnownPrices } from './known-prices.ts'
import type { KnownTotals } from './known-totals.ts'
import type { LedgerStore } from './store/ledger-store.ts'

/** What billing asks of the world. */
export interface BillingDeps {
  /** The book; `kyselyLedgerStore` of `store/`. */
  store: LedgerStore
  bus: Bus
  clock: Clock
  random: Random
  log: Log
  metrics: Metrics
  config?: Partial<BillingConfig>
}

/** What verbs, intake and upkeep get: the world, and what the module made of it. */
export interface BillingContext extends Omit<BillingDeps, 'config' | 'metrics'> {
  config: BillingConfig
  prices: KnownPrices
  totals: KnownTotals
  /** What the last audit of this replica found; null before the first one. */
  audit: { findings: number | null }
  counters: BillingCounters
}
