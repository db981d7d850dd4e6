import { defaultBillingConfig } from './config.ts'
import { billingCounters } from './counters.ts'
import type { BillingDeps, BillingContext } from './deps.ts'
import { knownPrices } from './known-prices.ts'
import { knownTotals } from './known-totals.ts'

/** What the module makes of what it was given. */
export function createBillingContext({
  metrics,
  config: given,
  ...deps
}: BillingDeps): BillingContext {
  const config = { ...defaultBillingConfig, ...given }
  const { store, clock } = deps
  return {
    ...deps,
    config,
    prices: knownPrices({ store, clock, maxAgeMs: config.pricesMaxAgeMs }),
    totals: knownTotals({ store, clock }),
    audit: { findings: null },
    counters: billingCounters(metrics),
  }
}
