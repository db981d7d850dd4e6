import { startOwnPostgres } from '@sluice/testkit/own-servers'
import type { KillableServer } from '@sluice/testkit/servers'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'

import type { Postgres } from './connect-postgres.ts'
import { connectPostgres } from './connect-postgres.ts'
import { mapDatabaseUnavailable } from './database-unavailable.ts'
import type { Tables } from './tables.ts'
import { withTransaction } from './with-transaction.ts'

const WITHIN_MS = 700
const POOL_MAX = 4
let server: KillableServer
let postgres: Postgres
let observer: Client

beforeAll(async () => {
  server = await startOwnPostgres()
  observer = new Client({ connectionString: server.url })
  await observer.connect()
  await observer.query('create table notes (id int primary key)')
})
afterAll(async () => {
  await observer.end()
  await server.stop()
})
beforeEach(() => {
  postgres = connectPostgres({
    url: server.url,
    poolMax: POOL_MAX,
    applicationName: 'limited',
    onError: () => {},
  })
})
afterEach(async () => {
  await server.resume()
  await postgres.close()
  await observer.query('truncate notes')
})

const selectOne = () =>
  mapDatabaseUnavailable(() => sql`select 1`.execute(postgres.db), { withinMs: WITHIN_MS })
const insert = (db: Kysely<Tables>, id: number) =>
  sql`insert into notes (id) values (${id})`.execute(db)
const unavailable = { code: 'unavailable' }

/** Resolves when the server has finished the work of abandoned connections. */
const untilServerIsIdle = () =>
  expect
    .poll(
      async () => {
        const { rows } = await observer.query(
          `select count(*)::int as busy from pg_stat_activity
           where application_name = 'limited' and state <> 'idle'`,
        )
        return rows[0].busy
      },
      { timeout: 10_000 },
    )
    .toBe(0)
const readNotes = async () => (await observer.query('select id from notes order by id')).rows

it('rejects every operation in time while the server is frozen, and works again after it resumes', async () => {
  await Promise.all(Array.from({ length: POOL_MAX }, selectOne))
  await server.freeze()
  const outcomes = await Promise.allSettled(Array.from({ length: 10 * POOL_MAX }, selectOne))
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
    outcomes.map(() => 'unavailable'),
  )
  await server.resume()
  await expect
    .poll(
      () =>
        selectOne().then(
          () => 'works',
          () => 'unavailable',
        ),
      { timeout: 10_000 },
    )
    .toBe('works')
  expect(postgres.pool.totalCount).toBeLessThanOrEqual(POOL_MAX)
  expect(postgres.pool.waitingCount).toBe(0)
})

it('rejects at once after the monitor has found the server unresponsive', async () => {
  await selectOne()
  await server.freeze()
  await expect(selectOne()).rejects.toMatchObject(unavailable)
  // The probe times out after a second; then operations reject without waiting for the server.
  const message = () => selectOne().catch((error: Error) => error.message)
  await expect.poll(message, { timeout: 10_000 }).toBe('the database does not answer')
})

it('uses its open connections while the server accepts no new ones, and rejects the rest in time', async () => {
  const open = POOL_MAX / 2
  await Promise.all(Array.from({ length: open }, selectOne))
  await server.freezeListener()
  for (let round = 0; round < 3; round += 1) {
    const served = await Promise.all(Array.from({ length: open }, selectOne))
    expect(served).toHaveLength(open)
  }
  const busy = Array.from({ length: open }, () =>
    mapDatabaseUnavailable(() => sql`select pg_sleep(1)`.execute(postgres.db)),
  )
  await expect(selectOne()).rejects.toMatchObject(unavailable)
  await Promise.all(busy)
  await expect(selectOne()).resolves.toBeDefined()
  await server.resume()
  await expect
    .poll(() => Promise.all(Array.from({ length: POOL_MAX }, selectOne)))
    .toHaveLength(POOL_MAX)
})

it('does not mistake a slow statement for a frozen server', async () => {
  const slow = mapDatabaseUnavailable(() => sql`select pg_sleep(3)`.execute(postgres.db), {
    withinMs: WITHIN_MS,
  })
  await expect(slow).rejects.toMatchObject(unavailable)
  await expect(selectOne()).resolves.toBeDefined()
})

it('does not commit when the frozen server reads the commit after the deadline', async () => {
  const work = mapDatabaseUnavailable(
    () =>
      withTransaction(postgres.db, async (trx) => {
        await insert(trx, 1)
        await server.freeze()
      }),
    { withinMs: WITHIN_MS },
  )
  await expect(work).rejects.toMatchObject(unavailable)
  await server.resume()
  await untilServerIsIdle()
  expect(await readNotes()).toEqual([])
})

it('does not commit what a frozen server received before the deadline, at any statement', async () => {
  await Promise.all(Array.from({ length: POOL_MAX }, selectOne))
  await server.freeze()
  const works = [1, 2, 3, 4].map((id) =>
    mapDatabaseUnavailable(() => withTransaction(postgres.db, (trx) => insert(trx, id)), {
      withinMs: WITHIN_MS,
    }),
  )
  const outcomes = await Promise.allSettled(works)
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  await server.resume()
  await untilServerIsIdle()
  expect(await readNotes()).toEqual([])
})

it('does not commit for a caller that has aborted, and keeps the connection', async () => {
  const caller = new AbortController()
  const work = mapDatabaseUnavailable(
    () =>
      withTransaction(postgres.db, async (trx) => {
        await insert(trx, 1)
        caller.abort(new Error('caller aborted'))
      }),
    { signal: caller.signal },
  )
  await expect(work).rejects.toThrow('caller aborted')
  await untilServerIsIdle()
  expect(await readNotes()).toEqual([])
  expect(postgres.pool.totalCount).toBe(1)
})

it('commits in time, and reports a failed transaction with its own error', async () => {
  await mapDatabaseUnavailable(() => withTransaction(postgres.db, (trx) => insert(trx, 1)))
  expect(await readNotes()).toEqual([{ id: 1 }])
  const again = mapDatabaseUnavailable(() => withTransaction(postgres.db, (trx) => insert(trx, 1)))
  await expect(again).rejects.toMatchObject({ code: '23505' })
})
