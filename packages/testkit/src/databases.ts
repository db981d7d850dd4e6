import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Postgres } from '@sluice/db/connect-postgres'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { migrate } from '@sluice/db/migrate'
import { systemRandom } from '@sluice/kernel/random'
import { Client } from 'pg'
import { describe } from 'vitest'

import { findServerUrl, serverUrl } from './server-urls.ts'

// Any constant, the same in every worker.
const TEMPLATE_LOCK_ID = 7_305_128_265n
const MIGRATIONS = join(import.meta.dirname, '../../db/src/migrations')

export interface TestDatabase extends Postgres {
  /** The URL of this database, for a second pool or another process. */
  url: string
  /** Drops the database, also with open connections. */
  close(): Promise<void>
}

/** Creates a migrated, empty database for one test. */
export async function testDatabase({
  server = serverUrl('postgres'),
  poolMax = 10,
}: { server?: string; poolMax?: number } = {}): Promise<TestDatabase> {
  const name = `test_${Buffer.from(systemRandom.bytes(8)).toString('hex')}`
  await asAdmin(server, async (admin) => {
    const template = await ensureTemplate(admin, server)
    await admin.query(`create database ${name} template ${template}`)
  })
  const url = databaseUrl(server, name)
  // `close` terminates sessions, so errors of idle connections are ignored; queries still reject.
  const postgres = connectPostgres({ url, poolMax, onError: () => {} })
  const close = async () => {
    await postgres.close()
    await asAdmin(server, (admin) => admin.query(`drop database ${name} with (force)`))
  }
  return { ...postgres, url, close }
}

/** Creates databases on the server that the suite runs against. */
export type OpenDatabase = (options?: { poolMax?: number }) => Promise<TestDatabase>

/** Runs a suite on every PostgreSQL of this test run: 18, and 15 if it is installed. */
export function eachPostgres(name: string, suite: (open: OpenDatabase) => void): void {
  const servers = { 18: serverUrl('postgres'), 15: findServerUrl('postgres15') }
  for (const [version, server] of Object.entries(servers)) {
    if (server === undefined) continue
    describe(`${name}, on PostgreSQL ${version}`, () => {
      suite((options) => testDatabase({ ...options, server }))
    })
  }
}

/** Creates, unless it exists, the migrated template database that all others are copied from. */
async function ensureTemplate(admin: Client, server: string): Promise<string> {
  const template = `template_${await hashMigrations()}`
  await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK_ID])
  const made = await admin.query('select from pg_database where datname = $1', [template])
  if (made.rowCount === 0) {
    // Renamed when complete, so that a killed run leaves no incomplete template.
    await admin.query(`drop database if exists ${template}_new`)
    await admin.query(`create database ${template}_new`)
    const postgres = connectPostgres({ url: databaseUrl(server, `${template}_new`), onError })
    await migrate(postgres).finally(() => postgres.close())
    await admin.query(`alter database ${template}_new rename to ${template}`)
  }
  await admin.query('select pg_advisory_unlock($1)', [TEMPLATE_LOCK_ID])
  return template
}

function onError(error: Error): void {
  throw error
}

// A server given by URL may still have templates of earlier migrations.
async function hashMigrations(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of (await readdir(MIGRATIONS)).sort()) {
    hash.update(file).update(await readFile(join(MIGRATIONS, file)))
  }
  return hash.digest('hex').slice(0, 16)
}

async function asAdmin<Result>(
  server: string,
  work: (admin: Client) => Promise<Result>,
): Promise<Result> {
  const admin = new Client({ connectionString: server })
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}
