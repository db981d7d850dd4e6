import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import type { HoldingProxy } from '@sluice/testkit/holding-proxy'
import { holdingProxy } from '@sluice/testkit/holding-proxy'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'

import type { Postgres } from './connect-postgres.ts'
import { connectPostgres } from './connect-postgres.ts'
import { mapDatabaseUnavailable } from './database-unavailable.ts'
import type { Tables } from './tables.ts'
import { withTransaction } from './with-transaction.ts'

const WITHIN_MS = 1_000

eachPostgres('a commit that arrives after the time limit of its operation', (open) => {
  let database: TestDatabase
  let proxy: HoldingProxy
  let postgres: Postgres
  beforeAll(async () => {
    database = await open()
    await sql`create table notes (id int primary key)`.execute(database.db)
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    proxy = await holdingProxy(database.url)
    postgres = connectPostgres({ url: proxy.url, onError: () => {} })
  })
  afterEach(async () => {
    await postgres.close()
    await proxy.close()
    await sql`truncate notes`.execute(database.db)
  })

  const insert = (db: Kysely<Tables>) => sql`insert into notes (id) values (1)`.execute(db)
  const count = async () => (await sql`select from notes`.execute(database.db)).rows.length
  const write = ({ withinMs }: { withinMs?: number } = {}) =>
    mapDatabaseUnavailable(() => withTransaction(postgres.db, insert), {
      ...(withinMs !== undefined && { withinMs }),
    })

  it('rolls back, although its session is alive and waits for the commit', async () => {
    // Opens the connection first, so that the time limit passes while the commit is held back.
    await sql`select`.execute(postgres.db)
    proxy.hold('commit')
    await expect(write({ withinMs: WITHIN_MS })).rejects.toMatchObject({ code: 'unavailable' })
    await proxy.release()
    expect(await count()).toBe(0)
  })

  it('commits when nothing delays it', async () => {
    await write()
    expect(await count()).toBe(1)
  })
})
