import type { ChargeFacts, ChargesQuery, UsageSumQuery } from '@sluice/contracts/charges'
import type { Tables } from '@sluice/db/tables'
import type { Kysely, RawBuilder } from 'kysely'
import { sql } from 'kysely'

import { chargeStateOf } from '../ledger/charge-facts.ts'
import type { ChargeReads } from './charge-reads.ts'
import { findCharge } from './find-charge.ts'

/** The queries on charges in PostgreSQL. */
export function kyselyChargeReads(db: Kysely<Tables>): ChargeReads {
  return {
    readUsage: (query) => readUsage(db, query),
    listCharges: (query) => listCharges(db, query),
    findCharge: (key) => findCharge(db, key),
    sumBalances: async () => {
      const { rows } = await sql<{ held: bigint; available: bigint }>`
        select
          coalesce(sum(balance_micro) filter (where kind = 'held'), 0)::bigint as held,
          coalesce(sum(balance_micro) filter (where kind = 'available'), 0)::bigint as available
        from ledger_accounts`.execute(db)
      return { heldMicro: rows[0]?.held ?? 0n, availableMicro: rows[0]?.available ?? 0n }
    },
    sumCharged: (between) => sumCharged(db, between),
  }
}

/** Transfer numbers and times rise together, except for concurrent transactions. */
const OUT_OF_ORDER_MS = 60_000

// Scans back by number from the newest transfer, as an index by time would slow down every payment. The lower
// bound is queried first: without it the planner starts parallel workers for a few rows.
async function sumCharged(
  db: Kysely<Tables>,
  { from, until }: { from: Date; until: Date },
): Promise<bigint> {
  const olderThan = new Date(from.getTime() - OUT_OF_ORDER_MS)
  const older = await db
    .selectFrom('ledger_transfers')
    .select('seq')
    .where('created_at', '<', olderThan)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  const { rows } = await sql<{ charged: bigint }>`
    select coalesce(sum(amount_micro), 0)::bigint as charged
    from ledger_transfers
    where seq > ${older?.seq ?? 0n} and kind in ('capture', 'receivable')
      and created_at >= ${from} and created_at < ${until}`.execute(db)
  return rows[0]?.charged ?? 0n
}

type Fragment = RawBuilder<unknown>
const emptySql = sql``
const ifDefined = <Value>(value: Value | undefined, write: (value: Value) => Fragment): Fragment =>
  value === undefined ? emptySql : write(value)

async function readUsage(db: Kysely<Tables>, query: UsageSumQuery & { rowsMax: number }) {
  const { wallet, from, until, apiKeyId, model, rowsMax } = query
  const only = sql`
    ${ifDefined(apiKeyId, (value) => sql`and api_key_id = ${value}`)}
    ${ifDefined(model, (value) => sql`and model = ${value}`)}`
  const { rows } = await sql<UsageRow>`
    select
      to_char(at at time zone 'UTC', 'YYYY-MM-DD') as day, model, count(*) as calls,
      sum(coalesce((usage ->> 'input')::bigint, 0))::bigint as input,
      sum(coalesce((usage ->> 'output')::bigint, 0))::bigint as output,
      sum(coalesce(jsonb_array_length(usage -> 'pictures'), 0))::bigint as pictures,
      sum(charged)::bigint as charged
    from (
      select opened_at as at, model, usage,
        captured_micro + late_micro + receivable_micro as charged
      from holds
      where wallet = ${wallet} and purpose = 'job'
        and opened_at >= ${from} and opened_at < ${until} ${only}
      union all
      select ended_at, model, usage, amount_micro
      from usage_records
      where wallet = ${wallet} and ended_at >= ${from} and ended_at < ${until} ${only}
    ) as consumed
    group by 1, 2
    limit ${rowsMax}`.execute(db)
  return rows.map((row) => ({
    day: row.day,
    model: row.model,
    calls: Number(row.calls),
    inputTokens: Number(row.input),
    outputTokens: Number(row.output),
    pictures: Number(row.pictures),
    chargedMicro: row.charged,
  }))
}

interface UsageRow {
  day: string
  model: string
  calls: bigint
  input: bigint
  output: bigint
  pictures: bigint
  charged: bigint
}

// Each table returns its newest rows by its own index; the newest of both are the page.
async function listCharges(db: Kysely<Tables>, query: ChargesQuery): Promise<ChargeFacts[]> {
  const { wallet, limit, kind } = query
  const jobs = sql`
    select ref as id, 'images' as kind, model, api_key_id, state = 'open' as open,
      captured_micro + late_micro + receivable_micro as charged, opened_at as at
    from holds
    where wallet = ${wallet} and purpose = 'job' ${bounds(query, { at: 'opened_at', id: 'ref' })}
    order by opened_at desc, ref desc
    limit ${limit}`
  const calls = sql`
    select request_id as id, usage ->> 'kind' as kind, model, api_key_id, false as open,
      amount_micro as charged, ended_at as at
    from usage_records
    where wallet = ${wallet} ${bounds(query, { at: 'ended_at', id: 'request_id' })}
      ${ifDefined(kind, (value) => sql`and usage ->> 'kind' = ${value}`)}
    order by ended_at desc, request_id desc
    limit ${limit}`
  const both = kind === 'tokens' ? calls : sql`(${jobs}) union all (${calls})`
  const { rows } = await sql<ChargeRow>`
    select * from (${both}) as charges order by at desc, id desc limit ${limit}`.execute(db)
  return rows.map(({ open, charged, api_key_id, ...row }) => ({
    ...row,
    apiKeyId: api_key_id,
    state: chargeStateOf({ open, chargedMicro: charged }),
    chargedMicro: charged,
  }))
}

function bounds(
  { after, from, until, model }: ChargesQuery,
  columns: { at: string; id: string },
): Fragment {
  const [at, id] = [sql.ref(columns.at), sql.ref(columns.id)]
  return sql`
    ${ifDefined(after, (cursor) => sql`and (${at}, ${id}) < (${cursor.at}, ${cursor.id})`)}
    ${ifDefined(from, (value) => sql`and ${at} >= ${value}`)}
    ${ifDefined(until, (value) => sql`and ${at} < ${value}`)}
    ${ifDefined(model, (value) => sql`and model = ${value}`)}`
}

interface ChargeRow {
  id: string
  kind: ChargeFacts['kind']
  model: string
  api_key_id: string | null
  open: boolean
  charged: bigint
  at: Date
}
