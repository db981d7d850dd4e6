import { mapDatabaseUnavailable } from '@sluice/db/database-unavailable'
import { isSqlState } from '@sluice/db/sql-state'
import type { Tables } from '@sluice/db/tables'
import { withTransaction } from '@sluice/db/with-transaction'
import { assert } from '@sluice/kernel/assert'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import type { QuotaAnswer, QuotaReservation, QuotaSettlement, QuotaStore } from './quota-store.ts'

/** No request waits for it. */
const PRUNE_MS = 30_000
const UNIQUE_VIOLATION = '23505'
/** The quota may be raised between a refusal and the read of its reason; then the reservation is retried. */
const TRIES_MAX = 3
/** The largest bigint, where a key has no quota. */
const NO_QUOTA = 9_223_372_036_854_775_807n

export function kyselyQuotaStore({ db }: { db: Kysely<Tables> }): QuotaStore {
  return {
    reserve: (reservation) => mapDatabaseUnavailable(() => reserve(db, reservation)),
    settle: (input) => mapDatabaseUnavailable(() => settle(db, input)),
    readUsed: (input) => mapDatabaseUnavailable(() => readUsed(db, input)),
    listOpen: ({ openedBefore, after = '', limit }) =>
      mapDatabaseUnavailable(() =>
        db
          .selectFrom('api_key_reservations')
          .select(['ref', 'opened_at as openedAt'])
          .where('settled_at', 'is', null)
          .where('opened_at', '<', openedBefore)
          .where('ref', '>', after)
          .orderBy('ref')
          .limit(limit)
          .execute(),
      ),
    prune: (input) => mapDatabaseUnavailable(() => prune(db, input), { withinMs: PRUNE_MS }),
  }
}

async function reserve(db: Kysely<Tables>, reservation: QuotaReservation): Promise<QuotaAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await tryReserve(db, reservation)
    if (outcome !== 'refused') return { outcome }
    const { known, quotaMicro, usedMicro } = await readQuota(db, reservation)
    // The same ref was reserved while this call waited for the day's row.
    if (known) return { outcome: 'known' }
    const fitsNow = quotaMicro === null || usedMicro + reservation.amountMicro <= quotaMicro
    if (!fitsNow || attempt === TRIES_MAX)
      return { outcome: 'refused', quotaMicro: quotaMicro ?? NO_QUOTA, usedMicro }
  }
}

/**
 * One statement. Concurrent reservations of the same day wait for its row, and then see the remaining quota.
 * When the same ref is reserved twice at once, the second violates the primary key, which rolls all of it
 * back.
 */
async function tryReserve(
  db: Kysely<Tables>,
  { ref, apiKeyId, day, amountMicro, at }: QuotaReservation,
) {
  try {
    // A single statement, but in a transaction: only then is the deadline checked at the commit.
    const { rows } = await db.transaction().execute((trx) =>
      sql<{ known: boolean; reserved: boolean }>`
      with known as (select from api_key_reservations where ref = ${ref}),
      taken as (
        insert into api_key_days as d (api_key_id, day, reserved_micro, spent_micro)
        select id, ${day}::date, ${amountMicro}::bigint, 0 from api_keys
        where id = ${apiKeyId} and not exists (select from known)
          and ${amountMicro}::bigint <= coalesce(daily_quota_micro, ${NO_QUOTA}::bigint)
        on conflict (api_key_id, day) do update
        set reserved_micro = d.reserved_micro + excluded.reserved_micro
        where d.reserved_micro + d.spent_micro + excluded.reserved_micro <= (
          select coalesce(daily_quota_micro, ${NO_QUOTA}::bigint) from api_keys
          where id = excluded.api_key_id
        )
        returning api_key_id
      ),
      opened as (
        insert into api_key_reservations (ref, api_key_id, day, amount_micro, opened_at)
        select ${ref}, api_key_id, ${day}::date, ${amountMicro}::bigint, ${at}::timestamptz
        from taken
        returning ref
      )
      select exists (select from known) as known, exists (select from opened) as reserved`.execute(
        trx,
      ),
    )
    if (rows[0]?.known) return 'known'
    return rows[0]?.reserved ? 'reserved' : 'refused'
  } catch (error) {
    if (isSqlState(error, UNIQUE_VIOLATION)) return 'known'
    throw error
  }
}

async function readQuota(db: Kysely<Tables>, { ref, apiKeyId, day }: QuotaReservation) {
  const { rows } = await sql<{ known: boolean; quotaMicro: bigint | null; usedMicro: bigint }>`
    select exists (select from api_key_reservations where ref = ${ref}) as known,
      k.daily_quota_micro as "quotaMicro",
      coalesce(d.reserved_micro + d.spent_micro, 0) as "usedMicro"
    from api_keys k left join api_key_days d on d.api_key_id = k.id and d.day = ${day}::date
    where k.id = ${apiKeyId}`.execute(db)
  const [row] = rows
  assert(row, 'a key with a reservation exists')
  return row
}

async function settle(
  db: Kysely<Tables>,
  { settlements, at }: { settlements: readonly QuotaSettlement[]; at: Date },
): Promise<void> {
  if (settlements.length === 0) return
  const refs = settlements.map(({ ref }) => ref)
  const spent = settlements.map(({ spentMicro }) => String(spentMicro))
  // Two batches that lock the days of several keys in opposite order deadlock, and are retried.
  await withTransaction(db, async (trx) => {
    await sql`
      with ended as (
        update api_key_reservations r
        set settled_at = ${at}, spent_micro = least(s.spent, r.amount_micro)
        from unnest(${refs}::text[], ${spent}::bigint[]) as s (ref, spent)
        where r.ref = s.ref and r.settled_at is null
        returning r.api_key_id, r.day, r.amount_micro, r.spent_micro
      ),
      sums as (
        select api_key_id, day, sum(amount_micro)::bigint as freed, sum(spent_micro)::bigint as spent
        from ended group by api_key_id, day
      )
      update api_key_days d
      set reserved_micro = d.reserved_micro - sums.freed, spent_micro = d.spent_micro + sums.spent
      from sums where d.api_key_id = sums.api_key_id and d.day = sums.day`.execute(trx)
  })
}

async function readUsed(
  db: Kysely<Tables>,
  { apiKeyIds, day }: { apiKeyIds: readonly string[]; day: string },
): Promise<ReadonlyMap<string, bigint>> {
  if (apiKeyIds.length === 0) return new Map()
  const { rows } = await sql<{ id: string; used: bigint }>`
    select api_key_id as id, reserved_micro + spent_micro as used from api_key_days
    where api_key_id = any(${[...apiKeyIds]}) and day = ${day}::date`.execute(db)
  return new Map(rows.map(({ id, used }) => [id, used]))
}

async function prune(
  db: Kysely<Tables>,
  { settledBefore, dayBefore, limit }: { settledBefore: Date; dayBefore: string; limit: number },
): Promise<number> {
  const settled = await sql`
    delete from api_key_reservations where ref in (
      select ref from api_key_reservations where settled_at < ${settledBefore} limit ${limit}
    )`.execute(db)
  const days = await sql`
    delete from api_key_days where (api_key_id, day) in (
      select api_key_id, day from api_key_days
      where day < ${dayBefore}::date and reserved_micro = 0 limit ${limit}
    )`.execute(db)
  return Number((settled.numAffectedRows ?? 0n) + (days.numAffectedRows ?? 0n))
}
