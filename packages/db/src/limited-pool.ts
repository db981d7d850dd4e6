/**
 * Connections that enforce the time limit of the operation which uses them (`time-limit.ts`). A frozen server
 * does not even apply its own timeouts, so the client enforces the limit: it destroys the connection, which
 * frees its slot in the pool at once.
 *
 * A frozen server executes the statements it has received when it resumes, after their caller got an error.
 * So a transaction reads the server's time when it begins, and its commit is preceded by a check of the
 * deadline in that time; the clocks of client and server are never compared.
 */
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import type { Pool, PoolClient } from 'pg'

import type { ServerMonitor } from './server-monitor.ts'
import { isSqlState } from './sql-state.ts'
import { currentLimit, TimeLimitExceeded } from './time-limit.ts'

const ROLLBACK_MS = 1_000
const BEGIN = /^(begin|start transaction)\b/
const DIVISION_BY_ZERO = '22012'

export interface LimitedPoolDeps {
  pool: Pool
  monitor: ServerMonitor
  /** For queries without a time limit. */
  queryTimeoutMs: number
  clock?: Clock
}

/** The pool with the interface that Kysely expects. */
export function limitedPool(deps: LimitedPoolDeps): PostgresPool {
  const { pool, monitor } = deps
  const wrapped = new WeakMap<PoolClient, PostgresPoolClient>()
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      monitor.check()
      requireRemainingMs()
      const client = await pool.connect().catch((error: unknown) => {
        // Without any connection, the cause is not a busy pool.
        if (pool.totalCount === 0) monitor.suspect()
        throw error
      })
      const limited = wrapped.get(client) ?? limitedClient(client, deps)
      wrapped.set(client, limited)
      return limited
    },
  }
}

function limitedClient(
  client: PoolClient,
  { monitor, queryTimeoutMs, clock = systemClock }: LimitedPoolDeps,
): PostgresPoolClient {
  let deadline: number | undefined
  let isDestroyed = false

  const send = async (text: string, values: readonly unknown[] | undefined, ms: number) => {
    const cancel = clock.after(ms, () => {
      isDestroyed = true
      destroyConnection(client)
      monitor.suspect()
    })
    try {
      return await client.query(text, values ? [...values] : undefined)
    } catch (error) {
      throw isDestroyed ? new TimeLimitExceeded(error) : error
    } finally {
      cancel()
    }
  }

  const begin = async (text: string) => {
    const limit = currentLimit()
    deadline = undefined
    if (!limit) return send(text, undefined, queryTimeoutMs)
    const ms = Math.ceil(requireRemainingMs())
    const results = asList(await send(beginText(text, ms), undefined, ms))
    const at: unknown = results.at(-1)?.rows[0]?.at
    // The server's clock was read before the remaining time, so the deadline is never too late.
    deadline = Number(at) + limit.leftMs() / 1_000
    return results.at(0)
  }

  const commit = async (text: string) => {
    const limit = currentLimit()
    if (!limit || deadline === undefined) return send(text, undefined, queryTimeoutMs)
    const ms = requireRemainingMs()
    try {
      return asList(await send(`${checkText(deadline)}; ${text}`, undefined, ms)).at(-1)
    } catch (error) {
      throw isSqlState(error, DIVISION_BY_ZERO) ? new TimeLimitExceeded(error) : error
    }
  }

  const query = async (text: string, values: readonly unknown[]) => {
    if (BEGIN.test(text)) return begin(text)
    if (text === 'commit') return commit(text)
    if (text === 'rollback') return send(text, undefined, ROLLBACK_MS)
    return send(text, values, currentLimit() ? requireRemainingMs() : queryTimeoutMs)
  }

  return {
    query: asKyselyQuery(query),
    release: (destroy) => {
      deadline = undefined
      client.release(destroy === true || isDestroyed)
    },
  }
}

/** The remaining milliseconds of the limit; throws when there are none, so that no statement is sent. */
function requireRemainingMs(): number {
  const leftMs = currentLimit()?.leftMs() ?? Number.POSITIVE_INFINITY
  if (leftMs <= 0) throw new TimeLimitExceeded()
  return leftMs
}

// One message of several statements costs one round trip. With these limits the server itself ends a
// transaction whose caller has stopped waiting, and releases its row locks.
const beginText = (begin: string, ms: number) =>
  [
    begin,
    `set local statement_timeout = ${ms}`,
    `set local lock_timeout = ${ms}`,
    `set local idle_in_transaction_session_timeout = ${ms}`,
    'select extract(epoch from clock_timestamp())::float8 as at',
  ].join('; ')

// Fails with division_by_zero, so the `commit` that follows in the same message is not executed.
const checkText = (deadline: number) =>
  `select 1 / (extract(epoch from clock_timestamp()) <= ${deadline.toFixed(6)})::int`

type Result = PostgresQueryResult<Record<string, unknown>>

// pg returns a list of results for a message of several statements.
const asList = (result: unknown): Result[] =>
  Array.isArray(result) ? (result as Result[]) : [result as Result]

// Kysely calls it with a text and its parameters; cursors are not configured.
const asKyselyQuery = (query: (text: string, values: readonly unknown[]) => Promise<unknown>) =>
  query as PostgresPoolClient['query']

/** Destroys the socket without the protocol's Terminate message, which a frozen server would not process. */
function destroyConnection(client: PoolClient): void {
  const { connection } = client as unknown as {
    connection: { stream: { destroy(error: Error): void } }
  }
  connection.stream.destroy(new Error('Query read timeout'))
}
