import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { DEFAULT_MIGRATION_TABLE, Migrator } from 'kysely/migration'

import { migrations as allMigrations } from './migrations/index.ts'
import { withinTime } from './time-limit.ts'

// Any constant that no other advisory lock of the database uses.
const LOCK_ID = 7_305_128_264n
const WAIT_MAX = '10min'
/** Limit of the whole: waiting for other processes, and the migrations. */
const MIGRATE_MS = 3_600_000

/**
 * Migrates the schema to this release in one transaction. Replicas may call it concurrently: an advisory lock
 * lets one run at a time. Returns the names of the migrations that this call ran.
 */
export async function migrate<Tables>({
  db,
  migrations = allMigrations,
}: {
  db: Kysely<Tables>
  migrations?: Record<string, Migration>
}): Promise<string[]> {
  return withinTime({ withinMs: MIGRATE_MS }, () => migrateNow({ db, migrations }))
}

function migrateNow<Tables>({
  db,
  migrations,
}: {
  db: Kysely<Tables>
  migrations: Record<string, Migration>
}): Promise<string[]> {
  return db.connection().execute(async (connection) => {
    // Another process may hold the lock until its migrations end.
    await sql`set statement_timeout = ${sql.lit(WAIT_MAX)}`.execute(connection)
    await sql`set lock_timeout = ${sql.lit(WAIT_MAX)}`.execute(connection)
    await sql`select pg_advisory_lock(${sql.lit(LOCK_ID)})`.execute(connection)
    try {
      const provided = { ...(await readNewerMigrations(connection, migrations)), ...migrations }
      const migrator = new Migrator({
        db: connection,
        provider: { getMigrations: async () => provided },
      })
      const { error, results = [] } = await migrator.migrateToLatest()
      if (error !== undefined) throw new Error(failureOf(results), { cause: error })
      return results.map((result) => result.migrationName)
    } finally {
      await sql`select pg_advisory_unlock(${sql.lit(LOCK_ID)})`.execute(connection)
      await sql`reset statement_timeout`.execute(connection)
      await sql`reset lock_timeout`.execute(connection)
    }
  })
}

/** The names of this release's migrations that have not run on the database. Changes nothing. */
export async function listPending<Tables>({ db }: { db: Kysely<Tables> }): Promise<string[]> {
  const done = new Set(await readDone(db))
  return Object.keys(allMigrations).filter((name) => !done.has(name))
}

/** Empty stand-ins for migrations of a newer release: they are additive, so this release can still run. */
async function readNewerMigrations<Tables>(
  db: Kysely<Tables>,
  migrations: Record<string, Migration>,
): Promise<Record<string, Migration>> {
  const newer = (await readDone(db)).filter((name) => !(name in migrations))
  return Object.fromEntries(newer.map((name) => [name, { up: async () => {} }]))
}

async function readDone<Tables>(db: Kysely<Tables>): Promise<string[]> {
  const table = await sql<{ name: string | null }>`
    select to_regclass(${DEFAULT_MIGRATION_TABLE})::text as name`.execute(db)
  if (!table.rows[0]?.name) return []
  const done = await sql<{ name: string }>`
    select name from ${sql.table(DEFAULT_MIGRATION_TABLE)}`.execute(db)
  return done.rows.map(({ name }) => name)
}

function failureOf(results: { migrationName: string; status: string }[]): string {
  const failed = results.find((result) => result.status === 'Error')
  return failed
    ? `migration ${failed.migrationName} failed; the schema is unchanged`
    : 'the migrations could not be started'
}
