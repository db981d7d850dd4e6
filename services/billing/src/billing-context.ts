import { defaultBillingConfig } from './config.ts'
import { billingCounters } from './counters.ts'
import type { BillingDeps, BillingContext } from './deps.ts'
import { createPriceCache } from './price-cache.ts'
import { createTotalsCache } from './totals-cache.ts'

export function createBillingContext({
  metrics,
  config: overrides,
  ...deps
}: BillingDeps): BillingContext {
  const config = { ...defaultBillingConfig, ...overrides }
  const { store, clock } = deps
  return {
    ...deps,
    config,
    prices: createPriceCache({ store, clock, maxAgeMs: config.pricesMaxAgeMs }),
    totals: createTotalsCache({ store, clock }),
    audit: { findings: null },
    counters: billingCounters(metrics),
  }
}
