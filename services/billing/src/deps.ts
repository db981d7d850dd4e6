import type { Bus } from '@sluice/bus/bus'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import type { Metrics } from '@sluice/service-kit/metrics'

import type { BillingConfig } from './config.ts'
import type { BillingCounters } from './counters.ts'
import type { PriceCache } from './price-cache.ts'
import type { LedgerStore } from './store/ledger-store.ts'
import type { TotalsCache } from './totals-cache.ts'

/** The dependencies of billing. */
export interface BillingDeps {
  /** The ledger; `kyselyLedgerStore` of `store/`. */
  store: LedgerStore
  bus: Bus
  clock: Clock
  random: Random
  log: Log
  metrics: Metrics
  config?: Partial<BillingConfig>
}

/** What methods, intake and background tasks receive: the dependencies and the module's own state. */
export interface BillingContext extends Omit<BillingDeps, 'config' | 'metrics'> {
  config: BillingConfig
  prices: PriceCache
  totals: TotalsCache
  /** The number of findings of this replica's last audit; null before the first one. */
  audit: { findings: number | null }
  counters: BillingCounters
}
