import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { connectPostgres } from './connect-postgres.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'

eachPostgres('migrate', (open) => {
  let database: TestDatabase
  beforeEach(async () => void (database = await open()))
  afterEach(() => database.close())

  const later = '99991231_2359_later'
  const withLater = (up: (db: Kysely<unknown>) => Promise<void>) => ({
    ...migrations,
    [later]: { up },
  })
  const addTable = async (db: Kysely<unknown>) =>
    void (await sql`create table later ()`.execute(db))
  const hasTable = async (name: string) =>
    (await database.pool.query('select to_regclass($1) is not null as has', [name])).rows[0].has

  it('changes nothing in a database that is up to date', async () => {
    expect(await migrate(database)).toEqual([])
  })

  it('runs a migration once when many replicas start concurrently', async () => {
    const replicas = Array.from({ length: 6 }, () =>
      connectPostgres({ url: database.url, poolMax: 1, onError: () => {} }),
    )
    const all = withLater(addTable)
    const ran = await Promise.all(replicas.map(({ db }) => migrate({ db, migrations: all })))
    expect(ran.flat()).toEqual([later])
    await Promise.all(replicas.map((replica) => replica.close()))
  })

  it('rolls back the schema when a migration fails, and names that migration', async () => {
    const failing = withLater(async (db) => {
      await addTable(db)
      await sql`select 1 / 0`.execute(db)
    })
    await expect(migrate({ db: database.db, migrations: failing })).rejects.toThrow(
      `migration ${later} failed; the schema is unchanged`,
    )
    expect(await hasTable('later')).toBe(false)
    expect(await migrate({ db: database.db, migrations: withLater(addTable) })).toEqual([later])
  })

  it('an older release can start on the schema of a newer one', async () => {
    await migrate({ db: database.db, migrations: withLater(addTable) })
    expect(await migrate(database)).toEqual([])
    expect(await hasTable('later')).toBe(true)
  })

  it('waits for a slow migration without a timeout, and restores the timeout afterwards', async () => {
    const limited = connectPostgres({
      url: database.url,
      poolMax: 1,
      statementTimeoutMs: 200,
      onError: () => {},
    })
    const slow = withLater(async (db) => void (await sql`select pg_sleep(0.5)`.execute(db)))
    expect(await migrate({ db: limited.db, migrations: slow })).toEqual([later])
    const left = await limited.pool.query('show statement_timeout')
    expect(left.rows).toEqual([{ statement_timeout: '200ms' }])
    await limited.close()
  })
})
