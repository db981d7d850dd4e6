import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { simulate } from '@sluice/testkit/simulate'
import { describe, it } from 'vitest'

import { memoryLedger } from './ledgers.ts'
import { actions } from './sim/actions.ts'
import { quiesce } from './sim/quiesce.ts'
import { checkWorld, GRACE_MS, world } from './sim/world.ts'
import { testBilling } from './test-billing.ts'
import { housePrices } from './test-prices.ts'

const STEPS = 300
const seeds = Array.from({ length: 60 }, (_, index) => index + 1)

describe('in any order of verbs, crashes, repeats and lost words', () => {
  it.each(seeds)(
    'the book adds up after each step and everybody paid once what was delivered (seed %i)',
    async (seed) => {
      const clock = fakeClock(Date.UTC(2026, 5, 1))
      const config = { graceMs: GRACE_MS }
      const ended = await simulate({
        seed,
        steps: STEPS,
        world: async () => {
          const house = testBilling({ ledger: await memoryLedger(), clock, seed, config })
          return world({ subjects: [house], clock, prices: housePrices })
        },
        actions,
        check: checkWorld,
      })
      await quiesce(ended)
    },
    20_000,
  )
})
