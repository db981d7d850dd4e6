import type { EmbeddedPostgres } from '@sluice/db/connect-embedded'
import { startEmbeddedPostgres } from '@sluice/db/connect-embedded'
import type { Postgres } from '@sluice/db/connect-postgres'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { findEmbeddedPostgres } from '@sluice/db/find-embedded'
import { migrate } from '@sluice/db/migrate'
import type { Log } from '@sluice/kernel/log'

export interface OpenDatabase extends Postgres {
  url: string
  /** What is wrong with the embedded server, in a sentence; undefined while it runs, and for another one. */
  trouble(): string | undefined
  /** Ends the connections, and the server where we started it. */
  close(): Promise<void>
}

export interface DatabaseSettings {
  databaseUrl: string | undefined
  dataDir: string
}

/** The installation's database, for the server: given by URL, or the embedded one; migrated. */
export async function openDatabase(
  { log }: { log: Log },
  { databaseUrl, dataDir }: DatabaseSettings,
): Promise<OpenDatabase> {
  const embedded = databaseUrl
    ? undefined
    : await startEmbeddedPostgres({ dataDir, log: (sentence) => log.info(sentence) })
  const url = databaseUrl ?? embedded?.url ?? ''
  return connect({ log }, { url, embedded })
}

/** The same for a command beside a running server: it goes in beside it, else starts it for a while. */
export async function visitDatabase(
  { log }: { log: Log },
  settings: DatabaseSettings,
): Promise<OpenDatabase> {
  const { databaseUrl, dataDir } = settings
  const url = databaseUrl ?? (await findEmbeddedPostgres({ dataDir }))
  return url ? connect({ log }, { url }) : openDatabase({ log }, settings)
}

async function connect(
  { log }: { log: Log },
  { url, embedded }: { url: string; embedded?: EmbeddedPostgres | undefined },
): Promise<OpenDatabase> {
  const postgres = connectPostgres({
    url,
    poolMax: 20,
    onError: (err) => log.warn({ err }, 'a database connection broke'),
  })
  const close = async () => {
    await postgres.close()
    await embedded?.stop()
  }
  try {
    await migrate(postgres)
  } catch (error) {
    await close()
    throw error
  }
  const trouble = () => embedded?.trouble()
  return { ...postgres, url, trouble, close }
}
