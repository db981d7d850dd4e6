import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { id } from '../../../test/ids.ts'
import { emptyLedger, pgLedger } from '../../../test/pg-ledgers.ts'
import { testBilling } from '../../../test/test-billing.ts'
import { usageOf } from '../../../test/usage-records.ts'
import { sealLedger } from '../../background/seal-ledger.ts'
import { settleJob } from '../../../test/settle-one.ts'
import type { EndedJob } from '../ledger-store.ts'

const wallet = id('wal', 1)
const ref = id('img', 1)
const allowanceId = id('alw', 1)
const low = { width: 1024, height: 1024, quality: 'low' } as const

// Transactions of other databases of the same server delay a seal.
const sealAll = (context: Parameters<typeof sealLedger>[0]) =>
  expect.poll(() => sealLedger(context), { timeout: 20_000 }).toBeGreaterThan(0)

/** One of each: a grant, a charged job, an allowance with two calls; all of it sealed. */
async function fill(database: TestDatabase) {
  const ledger = await pgLedger(database)
  const installation = testBilling({ ledger })
  const { billing, clock, context } = installation
  const amountMicro = 100_000_000n
  await billing.grantCredits({ transferId: 'first-gift', wallet, amountMicro, memo: 'welcome' })
  const worstCase = { kind: 'images' as const, pictures: [low, low] }
  const expiresAt = new Date(clock.nowMs() + 600_000)
  await billing.openHold({ wallet, ref, model: 'gpt-image-1', worstCase, expiresAt })
  const job: EndedJob = {
    state: 'done',
    wallet,
    apiKeyId: id('key', 1),
    model: 'gpt-image-1',
    pictures: [low],
  }
  ledger.jobs.set(ref, job)
  await settleJob(context, { jobId: ref })
  const amounts = { needMicro: 0n, wantMicro: 1_000_000n, leaseMs: 60_000 }
  await billing.openAllowance({ allowanceId, wallet, edge: id('edge', 1), ...amounts })
  const records = [1, 2].map((number) => usageOf({ number, allowanceId, output: number }))
  await billing.captureUsage({ records })
  await sealAll(context)
  const verify = () => ledger.store.verify({ now: clock.now(), graceMs: 0 })
  return { ...installation, job, verify }
}

/** Changes rows with the triggers and foreign keys disabled, as only a superuser can. */
async function tamper({ db }: TestDatabase, statement: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    await sql.raw(statement).execute(trx)
  })
}

eachPostgres('verifying the ledger', (open) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
  })
  beforeEach(() => emptyLedger(database))
  afterAll(() => database.close())

  it('has no findings for a consistent ledger, and reports how many rows it checked', async () => {
    const { verify } = await fill(database)
    expect(await verify()).toEqual({
      findings: [],
      checked: {
        accounts: 6,
        transfers: 6,
        holds: 2,
        usageRecords: 2,
        settledJobs: 1,
        seals: 1,
        deliveredCalls: 0,
      },
      head: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  describe('reports the number of a sealed transfer that was', () => {
    const damages: [string, string, string][] = [
      ['changed in its amount', 'update ledger_transfers set amount_micro = 1 where seq = 3', '3'],
      ['changed in its memo', "update ledger_transfers set memo = 'x' where seq = 1", '1'],
      [
        'changed in its time by a millisecond',
        "update ledger_transfers set created_at = created_at + interval '1 ms' where seq = 2",
        '2',
      ],
      ['removed', 'delete from ledger_transfers where seq = 4', '4'],
      [
        'inserted afterwards',
        `update ledger_seals set to_seq = to_seq;
         delete from ledger_transfers where seq = 6;
         insert into ledger_transfers
           (id, seq, wallet, kind, debit_account, credit_account, amount_micro, created_at)
         values ('late-gift', 6, '${wallet}', 'grant', 'promo:${wallet}', 'available:${wallet}', 5,
           now())`,
        '6',
      ],
    ]
    it.each(damages)('%s', async (_name, statement, seq) => {
      const { verify } = await fill(database)
      await tamper(database, statement)
      const { findings } = await verify()
      expect(findings).toContainEqual(
        expect.objectContaining({ invariant: 9, seq: BigInt(seq), count: 1 }),
      )
    })

    it('inserted with an unused number', async () => {
      const { verify, billing, ledger, context } = await fill(database)
      const gift = { wallet, amountMicro: 1n, memo: '' }
      await ledger.store
        .inTransaction(async (tx) => {
          await billing.readBalance({ wallet })
          await tx.ensureWallet(id('wal', 2), context.clock.now())
          await sql`select nextval('ledger_transfer_seq')`.execute(database.db)
          throw new Error('undone')
        })
        .catch(() => undefined)
      await billing.grantCredits({ transferId: 'second-gift', ...gift })
      await sealAll(context)
      expect((await verify()).findings).toEqual([])
      await tamper(
        database,
        `insert into ledger_transfers
           (id, seq, wallet, kind, debit_account, credit_account, amount_micro, created_at)
         values ('forged', 7, '${wallet}', 'grant', 'promo:${wallet}', 'available:${wallet}', 5,
           now());
         update ledger_accounts set balance_micro = balance_micro + 5
           where id = 'available:${wallet}';
         update ledger_accounts set balance_micro = balance_micro - 5 where id = 'promo:${wallet}'`,
      )
      const { findings } = await verify()
      // Both legs and both balances are consistent: only the seal shows the insertion.
      expect(findings).toEqual([
        {
          invariant: 9,
          seq: 7n,
          count: 1,
          message: 'transfer 7 was inserted after it was sealed',
        },
      ])
    })
  })

  const faults: [string, string, number, string][] = [
    [
      'a balance that is not the sum of its transfers',
      `update ledger_accounts set balance_micro = balance_micro + 1 where id = 'promo:${wallet}'`,
      1,
      `balance of promo:${wallet} is -99999999, its transfers sum to -100000000`,
    ],
    [
      'a total that is not zero',
      `update ledger_accounts set balance_micro = balance_micro + 1 where id = 'revenue:${wallet}'`,
      1,
      'all balances sum to 1',
    ],
    [
      'a held balance that is not the sum of open holds',
      `update holds set amount_micro = amount_micro + 7 where id = '${allowanceId}'`,
      2,
      `held balance of ${wallet} is `,
    ],
    [
      'a hold that is open past its expiry',
      `update holds set expires_at = '2026-01-01' where id = '${allowanceId}'`,
      3,
      `hold ${allowanceId} of ${allowanceId} is open but expired at 2026-01-01`,
    ],
    [
      'a hold whose amounts are not those of its transfers',
      `update holds set captured_micro = captured_micro - 1, released_micro = released_micro + 1
         where ref = '${ref}'`,
      4,
      'its transfers sum to 2000000 1000000 1000000 0 0 0',
    ],
    [
      'a usage record that no transfer captured',
      `delete from usage_records where request_id = '${id('req', 1)}'`,
      5,
      'captured 3000, its usage records sum to 2000',
    ],
    [
      'an allowance whose charge is not the sum of its records',
      `update holds set loss_micro = 5 where id = '${allowanceId}'`,
      5,
      `allowance ${allowanceId} has (charged loss) 3000 5, its usage records sum to 3000 0`,
    ],
    [
      'a job whose charge differs from its rated usage',
      `update holds set usage = jsonb_set(usage, '{pictures,0,quality}', '"high"')
         where ref = '${ref}'`,
      8,
      'charged 1000000 and lost 0, its usage is rated 16000000',
    ],
    [
      'a call whose charge differs from its rated usage',
      `update usage_records set usage = jsonb_set(usage, '{output}', '9')
         where request_id = '${id('req', 2)}'`,
      8,
      `record ${id('req', 2)}: the usage is rated 9000 + 0 loss`,
    ],
    [
      'a seal that was changed',
      "update ledger_seals set sealed_at = '2026-01-01'",
      9,
      'seal 1: its hash is not that of its contents',
    ],
    ['a seal that is missing', 'update ledger_seals set number = 2', 9, 'seal 2: a seal before it'],
  ]
  describe('finds', () => {
    it.each(faults)('%s', async (_name, statement, invariant, message) => {
      const { verify } = await fill(database)
      await tamper(database, statement)
      const { findings } = await verify()
      expect(findings).toContainEqual(
        expect.objectContaining({ invariant, message: expect.stringContaining(message) }),
      )
    })

    it('a job that stored other pictures than it was charged for, or none', async () => {
      const { verify, ledger, job } = await fill(database)
      const messageOf = async (changed: EndedJob) => {
        ledger.jobs.set(ref, changed)
        const { findings } = await verify()
        return findings.map((finding) => `${finding.invariant} ${finding.message}`)
      }
      expect(await messageOf({ ...job, pictures: [low, low] })).toEqual([
        `4 job ${ref}: charged for other pictures than stored`,
      ])
      expect(await messageOf({ ...job, state: 'failed', pictures: [] })).toEqual([
        `4 job ${ref}: charged, but failed`,
      ])
      expect(await messageOf({ ...job, wallet: id('wal', 2) })).toEqual([
        `4 job ${ref}: charged to another wallet`,
      ])
    })

    it('refused usage records', async () => {
      const { verify, billing } = await fill(database)
      const wrong = { ...usageOf({ number: 9, allowanceId, output: 1 }), amountMicro: 1n }
      await billing.captureUsage({ records: [wrong] })
      const { findings } = await verify()
      expect(findings).toEqual([
        { invariant: 5, count: 1, message: expect.stringContaining(wrong.requestId) },
      ])
    })
  })
})
