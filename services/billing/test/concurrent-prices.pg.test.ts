import { sampleTokenPrice } from '@sluice/contracts/testing/sample-price'
import type { TestDatabase } from '@sluice/testkit/databases'
import { testDatabase } from '@sluice/testkit/databases'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { pgLedger } from './pg-ledgers.ts'
import { testBilling } from './test-billing.ts'

let database: TestDatabase
beforeAll(async () => void (database = await testDatabase()))
afterAll(() => database.close())

it('of concurrently added prices whose models differ only by case, exactly one is added', async () => {
  const { billing, clock } = testBilling({ ledger: await pgLedger(database) })
  const price = sampleTokenPrice()
  for (let round = 0; round < 5; round += 1) {
    const names = ['model', 'Model', 'mOdel', 'moDel', 'MODEL'].map((name) => `${name}-${round}`)
    const adding = names.map((model) =>
      billing.addPrice({ row: { model, effectiveAt: clock.now(), price } }),
    )
    const outcomes = await Promise.allSettled(adding)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(refused).toEqual(refused.map(() => 'invalid_value'))
  }
})
