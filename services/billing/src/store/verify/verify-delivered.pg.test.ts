import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { id } from '../../../test/ids.ts'
import { emptyLedger, pgLedger } from '../../../test/pg-ledgers.ts'
import { testBilling } from '../../../test/test-billing.ts'
import { usageOf } from '../../../test/usage-records.ts'
import { createDeliveredCheck } from '../../background/check-delivered.ts'

const wallet = id('wal', 1)
const allowanceId = id('alw', 1)

/** A wallet with an allowance and one charged call. */
async function fill(database: TestDatabase) {
  const ledger = await pgLedger(database)
  const installation = testBilling({ ledger })
  const { billing, clock } = installation
  const gift = { transferId: 'first-gift', wallet, amountMicro: 100_000_000n, memo: 'welcome' }
  await billing.grantCredits(gift)
  const amounts = { needMicro: 0n, wantMicro: 1_000_000n, leaseMs: 60_000 }
  await billing.openAllowance({ allowanceId, wallet, edge: id('edge', 1), ...amounts })
  await billing.captureUsage({ records: [usageOf({ number: 1, allowanceId, output: 1 })] })
  const verify = () => ledger.store.verify({ now: clock.now(), graceMs: 0 })
  return { ...installation, verify }
}

interface LoggedCall {
  requestId: string
  at: Date
  ageMs: number
  amountMicro?: bigint
  taskId?: string
}

/** Inserts rows into edge-api's request log, of calls that took 100 ms. */
async function logCalls({ db }: TestDatabase, calls: readonly LoggedCall[]): Promise<void> {
  const rows = calls.map(({ requestId, at, ageMs, amountMicro = 5n, taskId = null }) => ({
    request_id: requestId,
    received_at: new Date(at.getTime() - ageMs).toISOString(),
    route: 'chat',
    status: 200,
    streamed: false,
    attempts: 1,
    amount_micro: String(amountMicro),
    duration_ms: 100,
    task_id: taskId,
  }))
  await sql`insert into request_log
    select * from json_populate_recordset(null::request_log, ${JSON.stringify(rows)}::json)`.execute(
    db,
  )
}

eachPostgres('comparing the request log with the usage records', (open) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
  })
  beforeEach(async () => {
    await emptyLedger(database)
    await sql`truncate request_log`.execute(database.db)
  })
  afterAll(() => database.close())

  it('reports delivered calls without a usage record, and counts only calls that cost something', async () => {
    const { verify, clock } = await fill(database)
    const now = clock.now()
    await logCalls(database, [
      {
        requestId: usageOf({ number: 1, allowanceId, output: 1 }).requestId,
        at: now,
        ageMs: 60_000,
      },
      { requestId: id('req', 901), at: now, ageMs: 60_000 },
      { requestId: id('req', 902), at: now, ageMs: 3 * 86_400_000 },
      // Not counted: a free call, one that ended just now, and an image task, which is compared with its job.
      { requestId: id('req', 903), at: now, ageMs: 60_000, amountMicro: 0n },
      { requestId: id('req', 904), at: now, ageMs: 1_000 },
      { requestId: id('req', 905), at: now, ageMs: 60_000, taskId: id('img', 9) },
    ])
    const { findings, checked } = await verify()
    expect(checked['deliveredCalls']).toBe(3)
    expect(findings).toEqual([
      { invariant: 10, count: 2, message: expect.stringContaining(id('req', 902)) },
    ])
    expect(findings[0]?.message).toContain(id('req', 901))
  })

  it('reads a long request log page by page', async () => {
    const { verify, clock } = await fill(database)
    const calls = Array.from({ length: 5_003 }, (_, number) => ({
      requestId: id('req', 10_000 + number),
      at: clock.now(),
      ageMs: 60_000 + number,
    }))
    await logCalls(database, calls)
    const { findings, checked } = await verify()
    expect(checked['deliveredCalls']).toBe(5_003)
    expect(findings).toMatchObject([{ invariant: 10, count: 5_003 }])
  })

  it('reports them as a metric until their records arrive', async () => {
    const { billing, context, clock, metrics } = await fill(database)
    const late = usageOf({ number: 77, allowanceId, output: 1 })
    await logCalls(database, [{ requestId: late.requestId, at: clock.now(), ageMs: 600_000 }])
    const check = createDeliveredCheck(context)
    await check()
    const value = async () =>
      /sluice_billing_delivered_uncharged\{[^}]*\} (\d+)/.exec((await metrics.render()).body)?.[1]
    expect(await value()).toBe('1')
    await billing.captureUsage({ records: [late] })
    await check()
    expect(await value()).toBe('0')
  })
})
