/**
 * Connections that keep the time limit of the operation which uses them (`time-limit.ts`). A server that
 * is frozen answers nothing, its own timeouts included, so the client gives up by itself: it ends the
 * connection, which frees its place in the pool at once.
 *
 * A statement that such a server has received runs when the server wakes up, although nobody waits for it
 * any more. So a transaction learns the server's time when it begins, and its commit comes with a check of
 * the deadline in that time: no clock of ours is compared with one of the server.
 */
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import type { Pool, PoolClient } from 'pg'

import type { SilenceWatch } from './silence-watch.ts'
import { isSqlState } from './sql-state.ts'
import { currentLimit, TimeIsOver } from './time-limit.ts'

const ROLLBACK_MS = 1_000
const BEGIN = /^(begin|start transaction)\b/
const DIVISION_BY_ZERO = '22012'

export interface LimitedPoolDeps {
  pool: Pool
  silence: SilenceWatch
  /** For queries outside of any limit. */
  queryTimeoutMs: number
  clock?: Clock
}

/** The pool as Kysely takes it. */
export function limitedPool(deps: LimitedPoolDeps): PostgresPool {
  const { pool, silence } = deps
  const known = new WeakMap<PoolClient, PostgresPoolClient>()
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      silence.check()
      refuseWhenOver()
      const client = await pool.connect().catch((error: unknown) => {
        // With no connection at all it is not the pool that is busy.
        if (pool.totalCount === 0) silence.suspect()
        throw error
      })
      const limited = known.get(client) ?? limitedClient(client, deps)
      known.set(client, limited)
      return limited
    },
  }
}

function limitedClient(
  client: PoolClient,
  { silence, queryTimeoutMs, clock = systemClock }: LimitedPoolDeps,
): PostgresPoolClient {
  let deadline: number | undefined
  let isSevered = false

  const send = async (text: string, values: readonly unknown[] | undefined, ms: number) => {
    const cancel = clock.after(ms, () => {
      isSevered = true
      sever(client)
      silence.suspect()
    })
    try {
      return await client.query(text, values ? [...values] : undefined)
    } catch (error) {
      throw isSevered ? new TimeIsOver(error) : error
    } finally {
      cancel()
    }
  }

  const begin = async (text: string) => {
    const limit = currentLimit()
    deadline = undefined
    if (!limit) return send(text, undefined, queryTimeoutMs)
    const ms = Math.ceil(refuseWhenOver())
    const results = asList(await send(beginText(text, ms), undefined, ms))
    const at: unknown = results.at(-1)?.rows[0]?.at
    // The server read its clock before we read ours: the deadline is never too late.
    deadline = Number(at) + limit.leftMs() / 1_000
    return results.at(0)
  }

  const commit = async (text: string) => {
    const limit = currentLimit()
    if (!limit || deadline === undefined) return send(text, undefined, queryTimeoutMs)
    const ms = refuseWhenOver()
    try {
      return asList(await send(`${checkText(deadline)}; ${text}`, undefined, ms)).at(-1)
    } catch (error) {
      throw isSqlState(error, DIVISION_BY_ZERO) ? new TimeIsOver(error) : error
    }
  }

  const query = async (text: string, values: readonly unknown[]) => {
    if (BEGIN.test(text)) return begin(text)
    if (text === 'commit') return commit(text)
    if (text === 'rollback') return send(text, undefined, ROLLBACK_MS)
    return send(text, values, currentLimit() ? refuseWhenOver() : queryTimeoutMs)
  }

  return {
    query: asKyselyQuery(query),
    release: (destroy) => {
      deadline = undefined
      client.release(destroy === true || isSevered)
    },
  }
}

/** What is left of the limit, in milliseconds; rejects when nothing is, so that no statement is sent. */
function refuseWhenOver(): number {
  const leftMs = currentLimit()?.leftMs() ?? Number.POSITIVE_INFINITY
  if (leftMs <= 0) throw new TimeIsOver()
  return leftMs
}

// One message of several statements, so that it costs no round trip. The limits are the server's own:
// it ends what nobody waits for any more, and lets go of the rows that it had locked.
const beginText = (begin: string, ms: number) =>
  [
    begin,
    `set local statement_timeout = ${ms}`,
    `set local lock_timeout = ${ms}`,
    `set local idle_in_transaction_session_timeout = ${ms}`,
    'select extract(epoch from clock_timestamp())::float8 as at',
  ].join('; ')

// Fails with division_by_zero, which undoes the transaction before `commit` is read.
const checkText = (deadline: number) =>
  `select 1 / (extract(epoch from clock_timestamp()) <= ${deadline.toFixed(6)})::int`

type Result = PostgresQueryResult<Record<string, unknown>>

// pg answers a message of several statements with a list of results.
const asList = (result: unknown): Result[] =>
  Array.isArray(result) ? (result as Result[]) : [result as Result]

// Kysely asks with a text and its parameters; cursors are not configured.
const asKyselyQuery = (query: (text: string, values: readonly unknown[]) => Promise<unknown>) =>
  query as PostgresPoolClient['query']

/** Ends a connection without a farewell, which a frozen server would not answer. */
function sever(client: PoolClient): void {
  const { connection } = client as unknown as {
    connection: { stream: { destroy(error: Error): void } }
  }
  connection.stream.destroy(new Error('Query read timeout'))
}
