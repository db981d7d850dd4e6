import { Kysely, PostgresDialect } from 'kysely'
import { Pool, types } from 'pg'

import { limitedPool } from './limited-pool.ts'
import { probeServer } from './probe-server.ts'
import { createSilenceWatch } from './silence-watch.ts'
import type { Tables } from './tables.ts'

/** For a place in the pool, and for a new connection. */
const CONNECT_TIMEOUT_MS = 3_000
const IDLE_TIMEOUT_MS = 60_000
const KEEP_ALIVE_AFTER_MS = 10_000
/** Below the limit of an operation (`database-away.ts`), so that it is the server who ends it. */
const LOCK_TIMEOUT_MS = 3_000
/** A process of ours that hangs between two statements must not hold its locks for long. */
const IDLE_IN_TRANSACTION_MS = 10_000
/** The server ends a statement at its timeout; it is given so much longer to say so. */
const ANSWER_SLACK_MS = 5_000

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database` */
  url: string
  /** How many connections this pool may hold at once. */
  poolMax?: number
  /** The server ends a statement that runs longer. */
  statementTimeoutMs?: number
  /** Shown in pg_stat_activity. */
  applicationName?: string
  /** A connection broke while nobody was waiting on it. The pool replaces it by itself. Not called once it closes. */
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
 * keep the time limit of the operation that they belong to (`time-limit.ts`); those of `pool` do not.
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
    // Sent with the start-up packet: a `set` of its own would be one more database transaction.
    statement_timeout: statementTimeoutMs,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    types: { getTypeParser },
  })
  // pg emits from the pool for idle connections and from the client for those in use; an
  // unheard 'error' would end the process when the server restarts.
  let closing = false
  // A server that stops while we leave ends connections that have been told to end already.
  const report = (error: Error) => (closing ? undefined : onError(error))
  pool.on('error', report)
  pool.on('connect', (client) => void client.on('error', report))
  const silence = createSilenceWatch({ probe: () => probeServer({ url }) })
  const queryTimeoutMs = statementTimeoutMs + ANSWER_SLACK_MS
  const limited = limitedPool({ pool, silence, queryTimeoutMs })
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: limited }) })
  const close = () => {
    closing = true
    silence.stop()
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

// Arrays of numbers are never quoted by the server: `{1,2,NULL}`.
function parseBigints(text: string): (bigint | null)[] {
  if (text === '{}') return []
  return text
    .slice(1, -1)
    .split(',')
    .map((item) => (item === 'NULL' ? null : BigInt(item)))
}
