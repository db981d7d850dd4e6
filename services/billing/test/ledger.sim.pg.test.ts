import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { simulate } from '@sluice/testkit/simulate'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { memoryLedger } from './ledgers.ts'
import { emptyLedger, pgLedger } from './pg-ledgers.ts'
import { actions } from './sim/actions.ts'
import { crowd, crowdSimulation } from './sim/crowd.ts'
import { quiesce } from './sim/quiesce.ts'
import { checkInvariants, GRACE_MS, createSimulation } from './sim/simulation.ts'
import { testBilling } from './test-billing.ts'

const start = Date.UTC(2026, 5, 1)
const config = { graceMs: GRACE_MS }

eachPostgres('in any order of verbs, crashes, repeats and lost words', (open) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open({ poolMax: 12 })
  })
  beforeEach(() => emptyLedger(database))
  afterAll(() => database.close())

  describe('one after the other', () => {
    it.each([1, 2, 3, 4, 5])(
      'the database answers as the book in memory does, and keeps the same book (seed %i)',
      async (seed) => {
        const clock = fakeClock(start)
        const ledger = await pgLedger(database)
        const prices = await ledger.store.readPrices()
        const ended = await simulate({
          seed,
          steps: 120,
          createState: async () => {
            const oracle = testBilling({
              ledger: await memoryLedger({ prices }),
              clock,
              seed,
              config,
            })
            const subject = testBilling({ ledger, clock, seed, config })
            return createSimulation({ subjects: [oracle, subject], clock, prices })
          },
          actions,
          check: checkInvariants,
        })
        await quiesce(ended)
      },
      60_000,
    )
  })

  describe('all at the same time', () => {
    it.each([1, 2, 3, 4])(
      'the book adds up after each burst and everybody paid once what was delivered (seed %i)',
      async (seed) => {
        const clock = fakeClock(start)
        const installation = testBilling({ ledger: await pgLedger(database), clock, seed, config })
        const prices = await installation.ledger.store.readPrices()
        const crowded = await crowdSimulation(
          createSimulation({ subjects: [installation], clock, prices }),
        )
        const random = seededRandom(seed)
        for (let burst = 0; burst < 25; burst += 1) {
          await crowd(crowded, random)
          await checkInvariants(crowded)
        }
        await quiesce(crowded, random)
        expect(crowded.honest.size).toBeGreaterThan(0)
      },
      60_000,
    )
  })
})
