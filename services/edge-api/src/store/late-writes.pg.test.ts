import { connectPostgres } from '@sluice/db/connect-postgres'
import type { Postgres } from '@sluice/db/connect-postgres'
import { withinTime } from '@sluice/db/time-limit'
import type { TestDatabase } from '@sluice/testkit/databases'
import { testDatabase } from '@sluice/testkit/databases'
import type { HoldingProxy } from '@sluice/testkit/holding-proxy'
import { holdingProxy } from '@sluice/testkit/holding-proxy'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { sampleKey, sampleUser } from '../testing/sample-user.ts'
import { kyselyAnswerStore } from './kysely-answer-store.ts'
import { kyselyIdentityStore } from './kysely-identity-store.ts'
import { kyselyKeyStore } from './kysely-key-store.ts'
import { kyselyQuotaStore } from './kysely-quota-store.ts'

const WITHIN_MS = 1_000
const at = new Date('2026-11-21T09:00:00.000Z')
const later = new Date(at.getTime() + 86_400_000)
const key = sampleKey({ id: 'key_2', hash: 'b'.repeat(64) })
const usersKey = sampleKey({ id: 'key_3', hash: 'c'.repeat(64) })
const claim = {
  apiKeyId: 'key_1',
  route: 'chat',
  key: 'order-17',
  bodyHash: 'a'.repeat(64),
  holder: 'edge_1',
  now: at,
  leaseUntil: later,
  expiresAt: later,
}

interface Write {
  /** Part of the statement's text, by which the proxy recognizes it. */
  statement: string
  write: (postgres: Postgres) => Promise<unknown>
  /** Selects the rows that the write creates. */
  rows: string
}

const writes: Record<string, Write> = {
  'a claim of an Idempotency-Key': {
    statement: 'insert into idempotency_answers',
    write: ({ db }) => kyselyAnswerStore({ db }).claim(claim),
    rows: 'select from idempotency_answers',
  },
  'a reservation of a daily quota': {
    statement: 'insert into api_key_reservations',
    write: ({ db }) =>
      kyselyQuotaStore({ db }).reserve({
        ref: 'req_1',
        apiKeyId: 'key_1',
        day: '2026-11-21',
        amountMicro: 5n,
        at,
      }),
    rows: 'select from api_key_days where reserved_micro > 0',
  },
  'an API key': {
    statement: 'insert into "api_keys"',
    write: ({ db }) => kyselyKeyStore({ db }).insertKey(key),
    rows: `select from api_keys where id = 'key_2'`,
  },
  'an API key of a user': {
    statement: 'insert into "api_keys"',
    write: ({ db }) => kyselyKeyStore({ db }).insertIfUnderLimit(usersKey, { liveMax: 5 }),
    rows: `select from api_keys where id = 'key_3'`,
  },
  'the end of a session': {
    statement: 'update "sessions"',
    write: ({ db }) =>
      kyselyIdentityStore({ db }).endSession({
        id: 'session_1',
        end: { at, reason: 'signed-out' },
      }),
    rows: 'select from sessions where ended_at is not null',
  },
}

describe('a write that reaches the database after its timeout has no effect', () => {
  let database: TestDatabase
  let proxy: HoldingProxy
  let postgres: Postgres
  beforeAll(async () => {
    database = await testDatabase()
    await kyselyIdentityStore(database).insertUser(sampleUser())
    await kyselyKeyStore(database).insertKey(sampleKey({ dailyQuotaMicro: 100n }))
    await sql`insert into sessions (id, user_id, created_at, seen_at, expires_at, generation, rotated_at)
      values ('session_1', 'usr_1', ${at}, ${at}, ${later}, 1, ${at})`.execute(database.db)
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    proxy = await holdingProxy(database.url)
    postgres = connectPostgres({ url: proxy.url, onError: () => {} })
  })
  afterEach(async () => {
    await postgres.close()
    await proxy.close()
  })

  const rowsOf = async (query: string) => (await database.pool.query(query)).rowCount

  it.each(Object.entries(writes))('%s', async (_, { statement, write, rows }) => {
    // Connects first, so that the timeout elapses while the statement is held back.
    await sql`select`.execute(postgres.db)
    proxy.hold(statement)
    const written = withinTime({ withinMs: WITHIN_MS }, () => write(postgres))
    await expect(written).rejects.toMatchObject({ code: 'unavailable' })
    await proxy.release()
    expect(await rowsOf(rows)).toBe(0)
    await write(postgres)
    expect(await rowsOf(rows)).toBe(1)
  })
})
