import type { Postgres } from '@sluice/db/connect-postgres'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { systemClock } from '@sluice/kernel/clock'
import { startDeadline } from '@sluice/kernel/deadline'
import type { TestDatabase } from '@sluice/testkit/databases'
import { testDatabase } from '@sluice/testkit/databases'
import type { HoldingProxy } from '@sluice/testkit/holding-proxy'
import { holdingProxy } from '@sluice/testkit/holding-proxy'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'

import type { BillingModule } from '../src/module.ts'
import { id } from './ids.ts'
import { pgLedger } from './pg-ledgers.ts'
import { testBilling } from './test-billing.ts'

const WITHIN_MS = 1_000
const wallet = id('wal', 1)
const GIVEN_MICRO = 50_000_000n
let database: TestDatabase
let proxy: HoldingProxy
let postgres: Postgres
let billing: BillingModule
let signal: AbortSignal
beforeAll(async () => {
  database = await testDatabase()
  proxy = await holdingProxy(database.url)
  postgres = connectPostgres({ url: proxy.url, onError: () => {} })
  const installation = testBilling({ ledger: await pgLedger({ ...database, db: postgres.db }) })
  billing = installation.billing
  await billing.grantCredits({
    transferId: 'first-gift',
    wallet,
    amountMicro: GIVEN_MICRO,
    memo: '',
  })
})
afterAll(async () => {
  await postgres.close()
  await proxy.close()
  await database.close()
})

const image = { width: 1024, height: 1024, quality: 'low' } as const
const hold = {
  wallet,
  ref: id('img', 1),
  model: 'gpt-image-1',
  worstCase: { kind: 'images' as const, pictures: [image] },
  expiresAt: new Date(Date.UTC(2026, 5, 1, 13)),
}
const allowance = {
  allowanceId: id('alw', 1),
  wallet,
  edge: id('edge', 1),
  needMicro: 1_000_000n,
  wantMicro: 1_000_000n,
  leaseMs: 60_000,
}
const grant = { transferId: 'second-gift', wallet, amountMicro: 1_000_000n, memo: '' }

it.each([
  ['a hold', 'insert into holds', () => billing.openHold(hold, { signal })],
  ['an allowance', 'insert into holds', () => billing.openAllowance(allowance, { signal })],
  ['a grant', 'insert into ledger_transfers', () => billing.grantCredits(grant, { signal })],
])(
  '%s whose statement arrives after the deadline of its call is not created',
  async (_, statement, invoke) => {
    // Connects first, so that the deadline passes while the statement is held back.
    await sql`select`.execute(postgres.db)
    proxy.hold(statement)
    const deadline = startDeadline(systemClock, WITHIN_MS)
    signal = deadline.signal
    await expect(invoke()).rejects.toMatchObject({ code: 'unavailable' })
    await proxy.release()
    const balance = { availableMicro: GIVEN_MICRO, heldMicro: 0n, postedMicro: GIVEN_MICRO }
    await expect.poll(() => billing.readBalance({ wallet })).toEqual(balance)
  },
)
