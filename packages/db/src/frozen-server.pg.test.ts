import { startOwnPostgres } from '@sluice/testkit/own-servers'
import type { KillableServer } from '@sluice/testkit/servers'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'

import type { Postgres } from './connect-postgres.ts'
import { connectPostgres } from './connect-postgres.ts'
import { mapDatabaseUnavailable } from './database-away.ts'
import type { Tables } from './tables.ts'
import { withTransaction } from './with-transaction.ts'

const WITHIN_MS = 700
const POOL_MAX = 4
let server: KillableServer
let postgres: Postgres
let witness: Client

beforeAll(async () => {
  server = await startOwnPostgres()
  witness = new Client({ connectionString: server.url })
  await witness.connect()
  await witness.query('create table notes (id int primary key)')
})
afterAll(async () => {
  await witness.end()
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
  await witness.query('truncate notes')
})

const ask = () =>
  mapDatabaseUnavailable(() => sql`select 1`.execute(postgres.db), { withinMs: WITHIN_MS })
const insert = (db: Kysely<Tables>, id: number) =>
  sql`insert into notes (id) values (${id})`.execute(db)
const away = { code: 'unavailable' }

/** Resolves when the server has nothing left to do for our connections that were given up. */
const untilServerHasDone = () =>
  expect
    .poll(
      async () => {
        const { rows } = await witness.query(
          `select count(*)::int as busy from pg_stat_activity
           where application_name = 'limited' and state <> 'idle'`,
        )
        return rows[0].busy
      },
      { timeout: 10_000 },
    )
    .toBe(0)
const readNotes = async () => (await witness.query('select id from notes order by id')).rows

it('answers every operation in time while the server is frozen, and works again when it wakes', async () => {
  await Promise.all(Array.from({ length: POOL_MAX }, ask))
  await server.freeze()
  const asked = await Promise.allSettled(Array.from({ length: 10 * POOL_MAX }, ask))
  expect(asked.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
    asked.map(() => 'unavailable'),
  )
  await server.resume()
  await expect
    .poll(
      () =>
        ask().then(
          () => 'works',
          () => 'away',
        ),
      { timeout: 10_000 },
    )
    .toBe('works')
  expect(postgres.pool.totalCount).toBeLessThanOrEqual(POOL_MAX)
  expect(postgres.pool.waitingCount).toBe(0)
})

it('refuses at once what comes after the server was found to be silent', async () => {
  await ask()
  await server.freeze()
  await expect(ask()).rejects.toMatchObject(away)
  // The probe needs a second to be sure; then nobody waits for an answer of the server.
  const words = () => ask().catch((error: Error) => error.message)
  await expect.poll(words, { timeout: 10_000 }).toBe('the database does not answer')
})

it('serves whom it can while the server takes no new connections, and answers the others in time', async () => {
  const open = POOL_MAX / 2
  await Promise.all(Array.from({ length: open }, ask))
  await server.freezeListener()
  for (let round = 0; round < 3; round += 1) {
    const served = await Promise.all(Array.from({ length: open }, ask))
    expect(served).toHaveLength(open)
  }
  const busy = Array.from({ length: open }, () =>
    mapDatabaseUnavailable(() => sql`select pg_sleep(1)`.execute(postgres.db)),
  )
  await expect(ask()).rejects.toMatchObject(away)
  await Promise.all(busy)
  await expect(ask()).resolves.toBeDefined()
  await server.resume()
  await expect.poll(() => Promise.all(Array.from({ length: POOL_MAX }, ask))).toHaveLength(POOL_MAX)
})

it('does not take a slow statement for a frozen server', async () => {
  const slow = mapDatabaseUnavailable(() => sql`select pg_sleep(3)`.execute(postgres.db), {
    withinMs: WITHIN_MS,
  })
  await expect(slow).rejects.toMatchObject(away)
  await expect(ask()).resolves.toBeDefined()
})

it('does not commit a transaction whose commit the frozen server reads after the deadline', async () => {
  const work = mapDatabaseUnavailable(
    () =>
      withTransaction(postgres.db, async (trx) => {
        await insert(trx, 1)
        await server.freeze()
      }),
    { withinMs: WITHIN_MS },
  )
  await expect(work).rejects.toMatchObject(away)
  await server.resume()
  await untilServerHasDone()
  expect(await readNotes()).toEqual([])
})

it('does not commit what a frozen server had received before, whatever statement it was at', async () => {
  await Promise.all(Array.from({ length: POOL_MAX }, ask))
  await server.freeze()
  const works = [1, 2, 3, 4].map((id) =>
    mapDatabaseUnavailable(() => withTransaction(postgres.db, (trx) => insert(trx, id)), {
      withinMs: WITHIN_MS,
    }),
  )
  const outcomes = await Promise.allSettled(works)
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  await server.resume()
  await untilServerHasDone()
  expect(await readNotes()).toEqual([])
})

it('does not commit for a caller who has left, and keeps the connection', async () => {
  const caller = new AbortController()
  const work = mapDatabaseUnavailable(
    () =>
      withTransaction(postgres.db, async (trx) => {
        await insert(trx, 1)
        caller.abort(new Error('the caller left'))
      }),
    { signal: caller.signal },
  )
  await expect(work).rejects.toThrow('the caller left')
  await untilServerHasDone()
  expect(await readNotes()).toEqual([])
  expect(postgres.pool.totalCount).toBe(1)
})

it('commits in time, and tells a transaction that failed before from one that is late', async () => {
  await mapDatabaseUnavailable(() => withTransaction(postgres.db, (trx) => insert(trx, 1)))
  expect(await readNotes()).toEqual([{ id: 1 }])
  const again = mapDatabaseUnavailable(() => withTransaction(postgres.db, (trx) => insert(trx, 1)))
  await expect(again).rejects.toMatchObject({ code: '23505' })
})
