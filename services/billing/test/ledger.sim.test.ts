import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { simulate } from '@sluice/testkit/simulate'
import { describe, it } from 'vitest'

import { memoryLedger } from './ledgers.ts'
import { actions } from './sim/actions.ts'
import { quiesce } from './sim/quiesce.ts'
import { checkInvariants, GRACE_MS, createSimulation } from './sim/simulation.ts'
import { testBilling } from './test-billing.ts'
import { installedPrices } from './test-prices.ts'

const STEPS = 300
const seeds = Array.from({ length: 60 }, (_, index) => index + 1)

describe('in any order of calls, crashes, repeats and lost events', () => {
  it.each(seeds)(
    'the ledger is consistent after each step and each delivery is charged once (seed %i)',
    async (seed) => {
      const clock = fakeClock(Date.UTC(2026, 5, 1))
      const config = { graceMs: GRACE_MS }
      const ended = await simulate({
        seed,
        steps: STEPS,
        createState: async () => {
          const installation = testBilling({ ledger: await memoryLedger(), clock, seed, config })
          return createSimulation({ subjects: [installation], clock, prices: installedPrices })
        },
        actions,
        check: checkInvariants,
      })
      await quiesce(ended)
    },
    20_000,
  )
})
