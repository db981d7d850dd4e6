import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'

const NAME = '20261201_1240_picture_states'
const before = Object.fromEntries(Object.entries(migrations).filter(([name]) => name < NAME))
const at = new Date('2026-12-01T09:00:00.000Z')

eachPostgres('the migration of picture states', (open) => {
  let database: TestDatabase
  beforeEach(async () => {
    database = await open()
    await sql`drop schema public cascade`.execute(database.db)
    await sql`create schema public`.execute(database.db)
    await migrate({ db: database.db, migrations: before })
  })
  afterEach(() => database.close())

  it('renames states and counts of stored pictures, and nothing that a caller wrote', async () => {
    const failure = { code: 'upstream_failed', message: 'a text with "state":"kept" and "draws":' }
    const part = (state: string) => ({ index: 0, state, draws: 2, possibleLosses: 1, failure })
    await sql`alter table image_jobs disable trigger all`.execute(database.db)
    await sql`
      insert into image_jobs (id, wallet, api_key_id, model, body_hash, request, state, parts, waiting, version,
        fence, attempts, lost_claims, last_seq, created_at, queued_at, deadline_at)
      values ('img_1', 'wal_1', 'key_1', 'm', 'h', '{}', 'queued',
        ${JSON.stringify([part('drawing'), part('kept'), part('failed')])}, 1, 1, 0, 0, 0, 1, ${at}, ${at}, ${at})
    `.execute(database.db)
    await migrate({ db: database.db })
    const { rows } = await sql<{ parts: unknown }>`select parts from image_jobs`.execute(
      database.db,
    )
    const counts = { index: 0, generations: 2, unconfirmedCharges: 1, failure }
    expect(rows[0]?.parts).toEqual([
      { ...counts, state: 'generating' },
      { ...counts, state: 'stored' },
      { ...counts, state: 'failed' },
    ])
  })

  it('renames the value of a channel setting, and leaves the other one', async () => {
    const add = (name: string, settings: object) =>
      sql`
        insert into channels (id, name, dialect, base_url, priority, weight, enabled, settings, created_at, updated_at)
        values (${name}, ${name}, 'openai', 'https://up.test/v1', 0, 1, true, ${JSON.stringify(settings)}, ${at}, ${at})
      `.execute(database.db)
    await add('a', { usageInStreams: 'ask', project: 'p' })
    await add('b', { usageInStreams: 'estimate' })
    await migrate({ db: database.db })
    const channels = await database.db
      .selectFrom('channels')
      .select('settings')
      .orderBy('id')
      .execute()
    expect(channels.map(({ settings }) => settings)).toEqual([
      { usageInStreams: 'request', project: 'p' },
      { usageInStreams: 'estimate' },
    ])
  })
})
