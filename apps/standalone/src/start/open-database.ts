import { existsSync } from 'node:fs'
import { join } from 'node:path'

import type { EmbeddedPostgres } from '@sluice/db/connect-embedded'
import { startEmbeddedPostgres } from '@sluice/db/connect-embedded'
import type { Postgres } from '@sluice/db/connect-postgres'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { findEmbeddedPostgres } from '@sluice/db/find-embedded'
import { migrate } from '@sluice/db/migrate'
import type { Log } from '@sluice/kernel/log'

export interface OpenDatabase extends Postgres {
  url: string
  /** Why the embedded server is not available; undefined while it runs, and for an external server. */
  problem(): string | undefined
  /** Closes the connections, and stops the server if this process started it. */
  close(): Promise<void>
}

export interface DatabaseSettings {
  databaseUrl: string | undefined
  dataDir: string
}

/** Opens and migrates the installation's database: by URL, or the embedded one. For the server. */
export async function openDatabase(
  { log }: { log: Log },
  { databaseUrl, dataDir }: DatabaseSettings,
): Promise<OpenDatabase> {
  const embedded = databaseUrl
    ? undefined
    : await startEmbeddedPostgres({ dataDir, log: (line) => log.info(line) })
  const url = databaseUrl ?? embedded?.url ?? ''
  return connect({ log }, { url, embedded })
}

/**
 * Opens the database of an existing installation, for a command: connects to a running server, or starts the
 * embedded one for the duration. Neither creates nor migrates. Throws `NoInstallation`.
 */
export async function openExistingDatabase(
  { log }: { log: Log },
  { databaseUrl, dataDir }: DatabaseSettings,
): Promise<OpenDatabase> {
  if (databaseUrl) return connectOnly({ log }, { url: databaseUrl })
  if (!existsSync(join(dataDir, 'postgres/data/PG_VERSION'))) {
    throw new NoInstallation(
      `There is no installation in ${dataDir}, and DATABASE_URL is not set. Set SLUICE_DATA_DIR to ` +
        'the folder of an embedded installation, or DATABASE_URL to the database of a distributed ' +
        'one; `npm start` or `pnpm sluice setup` creates a new one.',
    )
  }
  const url = await findEmbeddedPostgres({ dataDir })
  if (url) return connectOnly({ log }, { url })
  const embedded = await startEmbeddedPostgres({ dataDir, log: (line) => log.info(line) })
  return connectOnly({ log }, { url: embedded.url, embedded })
}

/** No installation was found; exit code 3. */
export class NoInstallation extends Error {
  override readonly name = 'NoInstallation'
}

async function connect(
  { log }: { log: Log },
  spec: { url: string; embedded?: EmbeddedPostgres | undefined },
): Promise<OpenDatabase> {
  const database = connectOnly({ log }, spec)
  try {
    await migrate(database)
  } catch (error) {
    await database.close()
    throw error
  }
  return database
}

function connectOnly(
  { log }: { log: Log },
  { url, embedded }: { url: string; embedded?: EmbeddedPostgres | undefined },
): OpenDatabase {
  const postgres = connectPostgres({
    url,
    poolMax: 20,
    onError: (err) => log.warn({ err }, 'a database connection failed'),
  })
  const close = async () => {
    await postgres.close()
    await embedded?.stop()
  }
  const problem = () => embedded?.problem()
  return { ...postgres, url, problem, close }
}
