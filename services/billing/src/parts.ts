import { defaultBillingConfig } from './config.ts'
import { billingCounters } from './counters.ts'
import type { BillingDeps, BillingParts } from './deps.ts'
import { knownPrices } from './known-prices.ts'
import { knownTotals } from './known-totals.ts'

/** What the module makes of what it was given. */
export function billingParts({ metrics, config: given, ...world }: BillingDeps): BillingParts {
  const config = { ...defaultBillingConfig, ...given }
  const { store, clock } = world
  return {
    ...world,
    config,
    prices: knownPrices({ store, clock, maxAgeMs: config.pricesMaxAgeMs }),
    totals: knownTotals({ store, clock }),
    audit: { findings: null },
    counters: billingCounters(metrics),
  }
}
