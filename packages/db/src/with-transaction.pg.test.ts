import { systemClock } from '@sluice/kernel/clock'
import { seededRandom } from '@sluice/kernel/random'
import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import type { Transaction } from 'kysely'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import type { Tables } from './tables.ts'
import { withTransaction } from './with-transaction.ts'

eachPostgres('withTransaction', (open) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
    await database.pool.query('create table wallets (id int primary key, amount int not null)')
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    await database.pool.query('truncate wallets')
    await database.pool.query('insert into wallets values (1, 100), (2, 100)')
  })

  const amounts = async () =>
    (await database.pool.query('select amount from wallets order by id')).rows.map(
      (row: { amount: number }) => row.amount,
    )
  const add = (trx: Transaction<Tables>, id: number, amount: number) =>
    sql`update wallets set amount = amount + ${amount} where id = ${id}`.execute(trx)
  const fail = (trx: Transaction<Tables>, state: string) =>
    sql`do ${sql.lit(`begin raise exception 'refused' using errcode = '${state}'; end`)}`.execute(
      trx,
    )
  const quick = { clock: { ...systemClock, sleep: async () => {} }, random: seededRandom(1) }

  it('rolls back when the work throws', async () => {
    const work = withTransaction(database.db, async (trx) => {
      await add(trx, 1, -50)
      throw new Error('cancelled')
    })
    await expect(work).rejects.toThrow('cancelled')
    expect(await amounts()).toEqual([100, 100])
  })

  it('joins an open transaction, which commits or rolls back both', async () => {
    const outer = database.db.transaction().execute(async (trx) => {
      await withTransaction(trx, (inner) => add(inner, 1, -50))
      throw new Error('the outer transaction failed')
    })
    await expect(outer).rejects.toThrow('the outer transaction failed')
    expect(await amounts()).toEqual([100, 100])
  })

  it('resolves deadlocks between transfers that lock in opposite order', async () => {
    const transfer = (from: number, to: number) =>
      withTransaction(database.db, async (trx) => {
        await sql`set local deadlock_timeout = '20ms'`.execute(trx)
        await add(trx, from, -1)
        await sql`select pg_sleep(0.02)`.execute(trx)
        await add(trx, to, 1)
      })
    await Promise.all([transfer(1, 2), transfer(2, 1), transfer(1, 2)])
    expect(await amounts()).toEqual([99, 101])
  })

  it('retries a serialisation failure five times and then rejects with it', async () => {
    let tries = 0
    const work = withTransaction(
      database.db,
      async (trx) => {
        tries += 1
        await fail(trx, '40001')
      },
      quick,
    )
    await expect(work).rejects.toMatchObject({ code: '40001' })
    expect(tries).toBe(6)
  })

  it('retries neither other errors nor inside a joined transaction', async () => {
    let tries = 0
    const violate = withTransaction(database.db, async (trx) => {
      tries += 1
      await fail(trx, '23505')
    })
    await expect(violate).rejects.toMatchObject({ code: '23505' })
    const joined = database.db.transaction().execute((trx) =>
      withTransaction(trx, async (inner) => {
        tries += 1
        await fail(inner, '40001')
      }),
    )
    await expect(joined).rejects.toMatchObject({ code: '40001' })
    expect(tries).toBe(2)
  })
})
