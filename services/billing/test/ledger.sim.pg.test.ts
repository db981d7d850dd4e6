import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { simulate } from '@sluice/testkit/simulate'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { memoryLedger } from './ledgers.ts'
import { emptyLedger, pgLedger } from './pg-ledgers.ts'
import { actions } from './sim/actions.ts'
import { grantToAll, runConcurrentCalls } from './sim/concurrent-calls.ts'
import { quiesce } from './sim/quiesce.ts'
import { checkInvariants, GRACE_MS, createSimulation } from './sim/simulation.ts'
import { testBilling } from './test-billing.ts'

const start = Date.UTC(2026, 5, 1)
const config = { graceMs: GRACE_MS }

eachPostgres('in any order of calls, crashes, repeats and lost events', (open) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open({ poolMax: 12 })
  })
  beforeEach(() => emptyLedger(database))
  afterAll(() => database.close())

  describe('sequentially', () => {
    it.each([1, 2, 3, 4, 5])(
      'PostgreSQL and the in-memory store return the same and store the same (seed %i)',
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

  describe('concurrently', () => {
    it.each([1, 2, 3, 4])(
      'the ledger is consistent after each burst and each delivery is charged once (seed %i)',
      async (seed) => {
        const clock = fakeClock(start)
        const installation = testBilling({ ledger: await pgLedger(database), clock, seed, config })
        const prices = await installation.ledger.store.readPrices()
        const state = await grantToAll(
          createSimulation({ subjects: [installation], clock, prices }),
        )
        const random = seededRandom(seed)
        for (let burst = 0; burst < 25; burst += 1) {
          await runConcurrentCalls(state, random)
          await checkInvariants(state)
        }
        await quiesce(state, random)
        expect(state.valid.size).toBeGreaterThan(0)
      },
      60_000,
    )
  })
})
