import { connectPostgres } from '@sluice/db/connect-postgres'
import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { openedHold } from '../src/ledger/hold.ts'
import { kyselyLedgerStore } from '../src/store/kysely-ledger-store.ts'
import { id } from './ids.ts'
import { pgLedger } from './pg-ledgers.ts'
import { testBilling } from './test-billing.ts'
import { usageOf } from './usage-records.ts'

const wallet = id('wal', 1)
const allowanceId = id('alw', 1)

eachPostgres('the database', (open) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
    const { billing, clock } = testBilling({ ledger: await pgLedger(database) })
    const amountMicro = 100_000_000n
    await billing.grantCredits({ transferId: 'first-gift', wallet, amountMicro, memo: '' })
    const picture = { width: 1024, height: 1024, quality: 'low' as const }
    await billing.openHold({
      wallet,
      ref: id('img', 1),
      model: 'gpt-image-1',
      worstCase: { kind: 'images', pictures: [picture] },
      expiresAt: clock.now(),
    })
    const amounts = { needMicro: 0n, wantMicro: 1_000_000n, leaseMs: 60_000 }
    await billing.openAllowance({ allowanceId, wallet, edge: id('edge', 1), ...amounts })
    const records = [usageOf({ number: 1, allowanceId, output: 1 })]
    await billing.captureUsage({ records })
  })
  afterAll(() => database.close())

  const run = (statement: string) => sql.raw(statement).execute(database.db)

  describe('refuses to change append-only rows:', () => {
    const updates = {
      ledger_transfers: 'amount_micro = 1',
      ledger_seals: 'number = 1',
      usage_records: 'amount_micro = 1',
      prices: "model = 'x'",
    }
    const changes = Object.entries(updates).flatMap(([table, update]) => [
      `update ${table} set ${update}`,
      `delete from ${table}`,
      `truncate ${table} cascade`,
    ])
    it.each([
      ...changes,
      'delete from holds',
      'truncate holds cascade',
      'delete from ledger_accounts',
      'truncate ledger_accounts cascade',
    ])('%s', async (statement) => {
      await expect(run(statement)).rejects.toThrow(/is append-only/)
    })
  })

  describe('refuses a transfer', () => {
    const insert = (facts: Record<string, string>) => {
      const row: Record<string, string> = {
        id: `'t-${Object.keys(facts).join('-')}'`,
        wallet: `'${wallet}'`,
        kind: "'grant'",
        debit_account: `'promo:${wallet}'`,
        credit_account: `'available:${wallet}'`,
        amount_micro: '1',
        created_at: 'now()',
        ...facts,
      }
      const columns = Object.keys(row).join(', ')
      return run(
        `insert into ledger_transfers (${columns}) values (${Object.values(row).join(', ')})`,
      )
    }
    it.each([
      ['of zero', { amount_micro: '0' }, 'ledger_transfers_amount'],
      ['of a negative amount', { amount_micro: '-1' }, 'ledger_transfers_amount'],
      ['of an unknown kind', { kind: "'gift'" }, 'ledger_transfers_route'],
      ['by a wrong route', { debit_account: `'held:${wallet}'` }, 'ledger_transfers_route'],
      [
        "to another wallet's account",
        { credit_account: `'available:x'` },
        'ledger_transfers_route',
      ],
      ['with a number below 1', { seq: '0' }, 'ledger_transfers_seq_from_one'],
      ['with a used number', { seq: '1' }, 'ledger_transfers_seq'],
      ['with a used id', { id: "'first-gift'" }, 'ledger_transfers_pkey'],
      [
        'of a wallet without accounts',
        { wallet: "'y'", debit_account: "'promo:y'", credit_account: "'available:y'" },
        'ledger_transfers_debit_account_fkey',
      ],
      [
        'of the same kind for a job a second time',
        {
          kind: "'hold'",
          debit_account: `'available:${wallet}'`,
          credit_account: `'held:${wallet}'`,
          ref_type: "'job'",
          ref_id: `'${id('img', 1)}'`,
        },
        'ledger_transfers_once_a_job',
      ],
    ])('%s', async (_name, facts, constraint) => {
      await expect(insert(facts)).rejects.toThrow(constraint)
    })
  })

  it.each([
    ['available', -1],
    ['held', -1],
    ['revenue', -1],
    ['receivable', 1],
    ['promo', 1],
  ])('refuses a balance of %s that is out of bounds', async (kind, balance) => {
    const change = `update ledger_accounts set balance_micro = ${balance}`
    const statement = `${change} where id = '${kind}:${wallet}'`
    await expect(run(statement)).rejects.toThrow('ledger_accounts_floor')
  })

  it('fails with the code unavailable when it cannot be reached', async () => {
    const unreachable = connectPostgres({
      url: 'postgres://nouser@127.0.0.1:1/none',
      onError: () => {},
    })
    const jobs = {
      readEndedJob: async () => undefined,
      isJobRunning: async () => false,
      findJobs: async () => [],
    }
    const store = kyselyLedgerStore({ db: unreachable.db, jobs })
    await expect(store.check()).rejects.toMatchObject({ code: 'unavailable' })
    const opened = openedHold({
      id: id('hold', 9),
      wallet,
      purpose: 'job',
      ref: id('img', 9),
      edge: null,
      model: 'm',
      priceId: id('price', 1),
      amountMicro: 1n,
      expiresAt: new Date(0),
      openedAt: new Date(0),
    })
    await expect(store.openHold(opened)).rejects.toMatchObject({ code: 'unavailable' })
    await unreachable.close()
  })
})
