import { mapDatabaseUnavailable } from '@sluice/db/database-unavailable'
import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import { ACCEPTED_STATUS, CALLER_LEFT, serverFaults } from './request-outcome.ts'
import type {
  LoggedCount,
  LoggedLatency,
  LoggedMinute,
  LoggedSum,
  LogQuery,
  WalletTimeRange,
  RequestLogReads,
  TimeRange,
} from './request-log-store.ts'

/** Reads of the request log for reports. Partitions of other days are not scanned. */
export function kyselyRequestLogReads({ db }: { db: Kysely<Tables> }): RequestLogReads {
  return {
    countByDay: (query) => mapDatabaseUnavailable(() => countByDay(db, query)),
    readLatency: (query) => mapDatabaseUnavailable(() => readLatency(db, query)),
    hasRequests: (wallet) =>
      mapDatabaseUnavailable(async () => {
        const { rows } = await sql<{ any: boolean }>`
          select exists (select from request_log where wallet = ${wallet}) as any`.execute(db)
        return rows[0]?.any === true
      }),
    countByMinute: (between) => mapDatabaseUnavailable(() => countByMinute(db, between)),
    countEnded: (between) => mapDatabaseUnavailable(() => countEnded(db, between)),
  }
}

const dayOf = sql`to_char(received_at at time zone 'UTC', 'YYYY-MM-DD')`
const ofWallet = ({ wallet, from, until }: WalletTimeRange) =>
  sql`wallet = ${wallet} and received_at >= ${from} and received_at < ${until}`
const serverFailures = sql`
  (count(*) filter (where error_code = any(${[...serverFaults]})))::int`

async function countByDay(
  db: Kysely<Tables>,
  query: LogQuery & { rowsMax: number },
): Promise<LoggedSum[]> {
  const { apiKeyId, model, rowsMax } = query
  const { rows } = await sql<LoggedSum>`
    select ${dayOf} as day, coalesce(model, '') as model, count(*)::int as requests,
      (count(*) filter (where error_code <> ${CALLER_LEFT} and task_id is null))::int as failures
    from request_log
    where ${ofWallet(query)}
      ${apiKeyId === undefined ? sql`` : sql`and api_key_id = ${apiKeyId}`}
      ${model === undefined ? sql`` : sql`and model = ${model}`}
    group by 1, 2
    limit ${rowsMax}`.execute(db)
  return rows
}

async function readLatency(db: Kysely<Tables>, query: WalletTimeRange): Promise<LoggedLatency> {
  const { rows } = await sql<{ day: string | null; percentiles: [number, number] | null }>`
    select day, percentile_disc(array[0.5, 0.95]) within group (order by duration_ms) as percentiles
    from (
      select ${dayOf} as day, duration_ms from request_log
      where ${ofWallet(query)} and error_code is null and status <> ${ACCEPTED_STATUS}
    ) as good
    group by grouping sets ((day), ())
    order by day`.execute(db)
  const days = rows.flatMap(({ day, percentiles }) =>
    day === null ? [] : [{ day, ...toPercentiles(percentiles) }],
  )
  return { ...toPercentiles(rows.find(({ day }) => day === null)?.percentiles ?? null), days }
}

const toPercentiles = (percentiles: [number, number] | null) => ({
  p50Ms: percentiles?.[0] ?? null,
  p95Ms: percentiles?.[1] ?? null,
})

async function countByMinute(
  db: Kysely<Tables>,
  { from, until }: TimeRange,
): Promise<LoggedMinute[]> {
  const { rows } = await sql<LoggedMinute>`
    select date_trunc('minute', received_at) as at, count(*)::int as requests,
      ${serverFailures} as failures
    from request_log
    where received_at >= ${from} and received_at < ${until}
    group by 1
    order by 1`.execute(db)
  return rows
}

async function countEnded(
  db: Kysely<Tables>,
  { from, until, lookBackMs }: TimeRange & { lookBackMs: number },
): Promise<LoggedCount> {
  const arrivedFrom = new Date(from.getTime() - lookBackMs)
  const { rows } = await sql<LoggedCount>`
    select count(*)::int as requests, ${serverFailures} as failures
    from (
      select error_code, received_at + duration_ms * interval '1 millisecond' as ended_at
      from request_log
      where received_at >= ${arrivedFrom} and received_at < ${until}
    ) as recent
    where ended_at >= ${from} and ended_at < ${until}`.execute(db)
  return rows[0] ?? { requests: 0, failures: 0 }
}
