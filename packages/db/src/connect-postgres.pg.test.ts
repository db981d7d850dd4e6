import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import type { PoolClient } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { connectPostgres } from './connect-postgres.ts'

const WAIT_LIMIT_MS = 200

eachPostgres('a connection', (open) => {
  let database: TestDatabase
  beforeAll(async () => void (database = await open()))
  afterAll(() => database.close())

  const one = async (sql: string, values: unknown[] = []) =>
    (await database.pool.query(sql, values)).rows[0]

  it('reads and writes amounts beyond 2^53 without losing a micro-credit', async () => {
    const amount = 9_007_199_254_740_993n
    expect(await one('select $1::int8 as amount', [amount])).toEqual({ amount })
    const list = 'select array[1, null, 9007199254740993]::int8[] as list, array[]::int8[] as none'
    expect(await one(list)).toEqual({ list: [1n, null, amount], none: [] })
  })

  it('reads instants as dates and JSON as values', async () => {
    const row = await one(
      `select '2026-11-21T09:40:00.123Z'::timestamptz as at, '{"a":[1]}'::jsonb as json`,
    )
    expect(row).toEqual({ at: new Date('2026-11-21T09:40:00.123Z'), json: { a: [1] } })
  })

  it('ends a statement that exceeds its limit, and sets the application name', async () => {
    const limited = connectPostgres({
      url: database.url,
      statementTimeoutMs: WAIT_LIMIT_MS,
      applicationName: 'sluice-billing',
      onError: () => {},
    })
    const shown = await limited.pool.query('show application_name')
    expect(shown.rows).toEqual([{ application_name: 'sluice-billing' }])
    await expect(limited.pool.query('select pg_sleep(30)')).rejects.toMatchObject({ code: '57014' })
    await limited.close()
  })

  it('survives connections that the server ends, idle or in use, and reports them', async () => {
    const errors: Error[] = []
    const other = connectPostgres({
      url: database.url,
      applicationName: 'broken',
      onError: (error) => void errors.push(error),
    })
    const used = await other.pool.connect()
    const idle = await other.pool.connect()
    idle.release()
    const ended = await database.pool.query(
      `select count(pg_terminate_backend(pid))::int as ended from pg_stat_activity
       where application_name = 'broken'`,
    )
    expect(ended.rows).toEqual([{ ended: 2 }])
    await expect.poll(() => errors.length).toBeGreaterThanOrEqual(2)
    // One connection may report its end twice before the other one reports.
    await expect.poll(() => other.pool.idleCount).toBe(0)
    used.release(true)
    expect((await other.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await other.close()
  })

  it('does not report connections that the server ends while or after the pool closes', async () => {
    const errors: Error[] = []
    const clients: PoolClient[] = []
    const other = connectPostgres({
      url: database.url,
      onError: (error) => void errors.push(error),
    })
    other.pool.on('connect', (client) => void clients.push(client))
    await other.pool.query('select 1')
    const closing = other.close()
    const ended = new Error('terminating connection due to administrator command')
    for (const client of clients) client.emit('error', ended)
    await closing
    for (const client of clients) client.emit('error', ended)
    expect([clients.length, errors]).toEqual([1, []])
  })
})
