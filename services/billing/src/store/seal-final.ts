import type { Tables } from '@sluice/db/tables'
import type { Clock } from '@sluice/kernel/clock'
import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'

import type { Seal } from '../ledger/seal.ts'
import type { LedgerStore } from './ledger-store.ts'
import { toSeal, toSealRow } from './seal-rows.ts'
import { toTransfer } from './transfer-rows.ts'

// Any constant that no other advisory lock of this database uses.
const SEAL_LOCK_ID = 7_305_128_266n
const POLLS_MAX = 20
const POLL_EVERY_MS = 25

/**
 * Seals the next block of final transfers. Numbers are assigned before their transactions commit, so a lower
 * one may still appear after a higher one. A range is final when every transaction that could have taken a
 * number in it has ended: each took its transaction id before its number (`ledger_next_seq`), so its id is
 * below the one that is taken here after reading the last number.
 */
export async function sealFinal(
  { db, clock }: { db: Kysely<Tables>; clock: Clock },
  seal: Parameters<LedgerStore['sealNext']>[0],
  { transfersMax }: { transfersMax: number },
): Promise<Seal | undefined> {
  const last = await sql<{ seq: bigint }>`
    select case when is_called then last_value else 0 end as seq from ledger_transfer_seq`.execute(
    db,
  )
  const toSeq = last.rows[0]?.seq ?? 0n
  // The cheap check for the common case that there are no new transfers.
  if (toSeq <= (await readSealedSeq(db))) return undefined
  if (!(await hasSettled({ db, clock }))) return undefined
  return db.transaction().execute(async (trx) => {
    if (!(await tryLock(trx))) return undefined
    const previous = await readLastSeal(trx)
    const rows = await trx
      .selectFrom('ledger_transfers')
      .selectAll()
      .where('seq', '>', previous?.toSeq ?? 0n)
      .where('seq', '<=', toSeq)
      .orderBy('seq')
      .limit(transfersMax)
      .execute()
    if (rows.length === 0) return undefined
    const next = seal(previous, rows.map(toTransfer))
    await trx.insertInto('ledger_seals').values(toSealRow(next)).execute()
    return next
  })
}

/** Polls until every transaction that runs now has ended; false at the limit. */
async function hasSettled({ db, clock }: { db: Kysely<Tables>; clock: Clock }): Promise<boolean> {
  // A newly taken id is above all running ones. A snapshot's xmax is only above the ended ones.
  const taken = await sql<{ id: string }>`select pg_current_xact_id()::text as id`.execute(db)
  const id = taken.rows[0]?.id
  for (let poll = 0; poll < POLLS_MAX; poll += 1) {
    const { rows } = await sql<{ settled: boolean }>`
      select pg_snapshot_xmin(pg_current_snapshot()) >= ${id}::xid8 as settled`.execute(db)
    if (rows[0]?.settled) return true
    await clock.sleep(POLL_EVERY_MS)
  }
  return false
}

async function tryLock(trx: Transaction<Tables>): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(${sql.lit(SEAL_LOCK_ID)}) as locked`.execute(trx)
  return rows[0]?.locked === true
}

async function readSealedSeq(db: Kysely<Tables>): Promise<bigint> {
  const row = await db
    .selectFrom('ledger_seals')
    .select('to_seq')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.to_seq ?? 0n
}

async function readLastSeal(trx: Transaction<Tables>): Promise<Seal | undefined> {
  const row = await trx
    .selectFrom('ledger_seals')
    .selectAll()
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && toSeal(row)
}
