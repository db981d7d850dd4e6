import type { Bus } from '@sluice/bus/bus'
import { createMemoryBus } from '@sluice/bus/memory-bus'
import { seededRandom } from '@sluice/kernel/random'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import type { RecordedLog } from '@sluice/kernel/testing/recorded-log'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import type { Metrics } from '@sluice/service-kit/metrics'
import { createMetrics } from '@sluice/service-kit/metrics'

import type { BillingConfig } from '../src/config.ts'
import type { BillingDeps, BillingContext } from '../src/deps.ts'
import type { BillingModule } from '../src/module.ts'
import { createBilling } from '../src/module.ts'
import { createBillingContext } from '../src/billing-context.ts'
import type { LedgerUnderTest } from './ledger-suite/fixtures.ts'
import type { CrashingStore } from './crashing-store.ts'
import { crashingStore } from './crashing-store.ts'

export interface TestBilling {
  billing: BillingModule
  /** The context of the module, for functions that are not in the contract. */
  context: BillingContext
  ledger: LedgerUnderTest
  store: CrashingStore
  clock: FakeClock
  bus: Bus
  log: RecordedLog
  metrics: Metrics
}

/** Billing over a given ledger, with a fake clock and seeded randomness. */
export function testBilling({
  ledger,
  clock = fakeClock(Date.UTC(2026, 5, 1, 12)),
  seed = 1,
  config = {},
}: {
  ledger: LedgerUnderTest
  clock?: FakeClock
  seed?: number
  config?: Partial<BillingConfig>
}): TestBilling {
  const random = seededRandom(seed)
  const log = recordedLog()
  const bus = createMemoryBus({ clock, random: seededRandom(seed), log })
  const metrics = createMetrics({ service: 'billing' })
  const store = crashingStore(ledger.store)
  const deps: BillingDeps = { store, bus, clock, random, log, metrics, config }
  return {
    billing: createBilling(deps),
    context: createBillingContext(deps),
    ledger,
    store,
    clock,
    bus,
    log,
    metrics,
  }
}
