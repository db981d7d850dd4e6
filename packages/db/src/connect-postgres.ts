import { Kysely, PostgresDialect } from 'kysely'
import { Pool, types } from 'pg'

import { limitedPool } from './limited-pool.ts'
import { probeServer } from './probe-server.ts'
import { createServerMonitor } from './server-monitor.ts'
import type { Tables } from './tables.ts'

/** Wait limit for a free pool slot and for a new connection. */
const CONNECT_TIMEOUT_MS = 3_000
const IDLE_TIMEOUT_MS = 60_000
const KEEP_ALIVE_AFTER_MS = 10_000
/** Below the limit of an operation (`database-unavailable.ts`), so that the server ends the wait first. */
const LOCK_TIMEOUT_MS = 3_000
/** A process that hangs between two statements must not hold its locks for long. */
const IDLE_IN_TRANSACTION_MS = 10_000
/** Added to the server's statement timeout, so that its error can arrive before the client's timeout. */
const ANSWER_SLACK_MS = 5_000

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database` */
  url: string
  /** The maximum number of connections. */
  poolMax?: number
  /** The server ends a statement that runs longer. */
  statementTimeoutMs?: number
  /** The application_name in pg_stat_activity. */
  applicationName?: string
  /** Reports a broken connection; the pool replaces it. Not called once the pool closes. */
  onError: (error: Error) => void
}

export interface Postgres {
  db: Kysely<Tables>
  pool: Pool
  /** Waits for running queries and ends every connection. */
  close(): Promise<void>
}

/**
 * Opens a pool lazily: the first query connects. int8 is read as bigint, timestamptz as Date. Queries of `db`
 * respect the time limit of their operation (`time-limit.ts`); queries of `pool` do not.
 */
export function connectPostgres({
  url,
  poolMax = 10,
  statementTimeoutMs = 30_000,
  applicationName = 'sluice',
  onError,
}: PostgresOptions): Postgres {
  const pool = new Pool({
    connectionString: url,
    max: poolMax,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    application_name: applicationName,
    // Sent in the startup message; a separate `set` would cost a round trip.
    statement_timeout: statementTimeoutMs,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    types: { getTypeParser },
  })
  // pg emits 'error' on the pool for idle connections and on the client for those in use; an
  // unhandled 'error' would end the process when the server restarts.
  let closing = false
  // A server that stops at the same time ends connections that are closing anyway.
  const report = (error: Error) => (closing ? undefined : onError(error))
  pool.on('error', report)
  pool.on('connect', (client) => void client.on('error', report))
  const monitor = createServerMonitor({ probe: () => probeServer({ url }) })
  const queryTimeoutMs = statementTimeoutMs + ANSWER_SLACK_MS
  const limited = limitedPool({ pool, monitor, queryTimeoutMs })
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: limited }) })
  const close = () => {
    closing = true
    monitor.stop()
    return db.destroy()
  }
  return { db, pool, close }
}

const INT8 = 20
const INT8_ARRAY = 1016

function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (format !== 'binary' && oid === INT8) return BigInt
  if (format !== 'binary' && oid === INT8_ARRAY) return parseBigints
  return types.getTypeParser(oid, format)
}

// The server never quotes the numbers of an array: `{1,2,NULL}`.
function parseBigints(text: string): (bigint | null)[] {
  if (text === '{}') return []
  return text
    .slice(1, -1)
    .split(',')
    .map((item) => (item === 'NULL' ? null : BigInt(item)))
}
