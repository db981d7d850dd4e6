import type { AppError } from '@sluice/kernel/app-error'
import { connectPostgres } from '@sluice/db/connect-postgres'
import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import type { RequestRecord } from '../http/request.ts'
import { answerStoreContract } from './answer-store.contract.ts'
import { keyStoreContract } from './key-store.contract.ts'
import { kyselyAnswerStore } from './kysely-answer-store.ts'
import { kyselyIdentityStore } from './kysely-identity-store.ts'
import { kyselyKeyStore } from './kysely-key-store.ts'
import { kyselyRequestLogStore } from './kysely-request-log-store.ts'
import { userApiKeyRepositoryContract } from './user-api-key-repository.contract.ts'
import { requestLogStoreContract } from './request-log-store.contract.ts'

const record: RequestRecord = {
  requestId: 'req_1',
  apiKeyId: 'key_1',
  wallet: 'wal_1',
  route: 'chat',
  model: 'gpt-5-mini',
  channelId: 'chan_1',
  credentialId: 'cred_1',
  status: 200,
  errorCode: null,
  streamed: true,
  attempts: 2,
  inputTokens: 11,
  outputTokens: 7,
  amountMicro: 12_345_678_901_234n,
  firstByteMs: 12.4,
  durationMs: 99.6,
  receivedAtMs: Date.UTC(2026, 10, 21, 9, 30),
  taskId: 'img_1',
}

eachPostgres('stores of edge-api', (open) => {
  let database: TestDatabase
  beforeAll(async () => void (database = await open()))
  afterAll(() => database.close())
  beforeEach(async () => {
    await sql`truncate api_keys, api_key_days, api_key_reservations, users, sessions, sign_in_methods, request_log, idempotency_answers, outbox`.execute(
      database.db,
    )
  })

  keyStoreContract(async () => ({
    store: kyselyKeyStore(database),
    identity: kyselyIdentityStore(database),
    outbox: async () => {
      const rows = await database.db.selectFrom('outbox').select('key').execute()
      return rows.map(({ key }) => key)
    },
  }))

  userApiKeyRepositoryContract(async () => {
    await sql`
      insert into users (id, email, role, wallet, created_at)
      select 'usr_' || n, n || '@b.test', 'user', 'wal_' || n, now() from generate_series(1, 2) n`.execute(
      database.db,
    )
    return {
      store: kyselyKeyStore(database),
      outbox: async () => {
        const rows = await database.db.selectFrom('outbox').select('key').execute()
        return rows.map(({ key }) => key)
      },
    }
  })

  answerStoreContract(async () => kyselyAnswerStore(database))

  requestLogStoreContract(async () => kyselyRequestLogStore(database))

  it('the request log stores rows as given, and a repeated row once', async () => {
    const store = kyselyRequestLogStore(database)
    const unknown = { ...record, requestId: 'req_2', apiKeyId: null, wallet: null, model: null }
    await store.append([record, unknown])
    await store.append([record])
    const rows = await database.db
      .selectFrom('request_log')
      .selectAll()
      .orderBy('request_id')
      .execute()
    expect(rows).toHaveLength(2)
    expect(rows[0]).toMatchObject({
      request_id: 'req_1',
      received_at: new Date(record.receivedAtMs),
      amount_micro: 12_345_678_901_234n,
      first_byte_ms: 12,
      duration_ms: 100,
      attempts: 2,
    })
    expect(rows[1]).toMatchObject({ api_key_id: null, model: null })
  })

  it('rows of a day go to its partition, and old partitions are dropped', async () => {
    const store = kyselyRequestLogStore(database)
    const day = (n: number) => new Date(Date.UTC(2026, 10, 20 + n, 12))
    for (const n of [0, 1, 2]) await store.openPartitions(day(n))
    await store.openPartitions(day(2))
    await store.append([0, 1, 2].map((n) => ({ ...record, receivedAtMs: day(n).getTime() })))
    const inDefault = sql<{ count: bigint }>`select count(*) from only request_log_default`
    expect((await inDefault.execute(database.db)).rows[0]?.count).toBe(0n)
    expect(await store.dropPartitions(day(2))).toBe(2)
    const left = await database.db.selectFrom('request_log').select('received_at').execute()
    expect(left).toEqual([{ received_at: day(2) }])
    expect(await store.dropPartitions(day(9))).toBe(2)
  })

  it('throws unavailable when the database is unavailable', async () => {
    const unreachable = connectPostgres({
      url: 'postgres://none:x@127.0.0.1:1/none',
      onError: () => {},
    })
    await expect(kyselyKeyStore(unreachable).findByHash('a')).rejects.toMatchObject({
      code: 'unavailable' satisfies AppError['code'],
    })
    await unreachable.close()
  })
})
