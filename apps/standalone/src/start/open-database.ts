import { startEmbeddedPostgres } from '@sluice/db/connect-embedded'
import type { Postgres } from '@sluice/db/connect-postgres'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { findEmbeddedPostgres } from '@sluice/db/find-embedded'
import { migrate } from '@sluice/db/migrate'
import type { Log } from '@sluice/kernel/log'

export interface OpenDatabase extends Postgres {
  url: string
  /** Ends the connections, and the server where we started it. */
  close(): Promise<void>
}

export interface DatabaseSettings {
  databaseUrl: string | undefined
  dataDir: string
}

/**
 * The installation's database, for the server: given by URL, or the embedded one; migrated. `onGone` is
 * told when the embedded one ends without being asked.
 */
export async function openDatabase(
  { log, onGone = () => {} }: { log: Log; onGone?: () => void },
  { databaseUrl, dataDir }: DatabaseSettings,
): Promise<OpenDatabase> {
  const embedded = databaseUrl
    ? undefined
    : await startEmbeddedPostgres({ dataDir, onGone, log: (sentence) => log.info(sentence) })
  const url = databaseUrl ?? embedded?.url ?? ''
  return connect({ log }, { url, stop: embedded?.stop })
}

/** The same for a command beside a running server: it goes in beside it, else starts it for a while. */
export async function visitDatabase(
  { log }: { log: Log },
  settings: DatabaseSettings,
): Promise<OpenDatabase> {
  const { databaseUrl, dataDir } = settings
  const url = databaseUrl ?? (await findEmbeddedPostgres({ dataDir }))
  return url ? connect({ log }, { url, stop: undefined }) : openDatabase({ log }, settings)
}

async function connect(
  { log }: { log: Log },
  { url, stop }: { url: string; stop: (() => Promise<void>) | undefined },
): Promise<OpenDatabase> {
  const postgres = connectPostgres({
    url,
    poolMax: 20,
    onError: (err) => log.warn({ err }, 'a database connection broke'),
  })
  const close = async () => {
    await postgres.close()
    await stop?.()
  }
  try {
    await migrate(postgres)
  } catch (error) {
    await close()
    throw error
  }
  return { ...postgres, url, close }
}
