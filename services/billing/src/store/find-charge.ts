import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'

import type { PostedTransfer } from '../ledger/transfer.ts'
import type { FoundCharge } from './charge-reads.ts'
import { toHold } from './hold-rows.ts'
import { toTransfer } from './transfer-rows.ts'
import { toUsageRecord } from './usage-rows.ts'

/** The wallet's job or call with this id, read in one snapshot. */
export function findCharge(
  db: Kysely<Tables>,
  key: { wallet: string; id: string },
): Promise<FoundCharge | undefined> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => (await findJob(trx, key)) ?? (await findCall(trx, key)))
}

type Key = { wallet: string; id: string }

async function findJob(db: Kysely<Tables>, { wallet, id }: Key): Promise<FoundCharge | undefined> {
  const row = await db
    .selectFrom('holds')
    .selectAll()
    .where('purpose', '=', 'job')
    .where('ref', '=', id)
    .where('wallet', '=', wallet)
    .executeTakeFirst()
  if (!row) return undefined
  const hold = toHold(row)
  const own = ['hold', 'capture', 'late', 'release', 'receivable'].map(
    (route) => `${hold.id}:${route}`,
  )
  const refunds = await db
    .selectFrom('ledger_transfers')
    .selectAll()
    .where('hold_id', '=', hold.id)
    .where('kind', '=', 'refund')
    .execute()
  const entries = [...(await byIds(db, own)), ...refunds.map(toTransfer)]
  return { kind: 'job', hold, entries: entries.sort(bySeq) }
}

async function findCall(db: Kysely<Tables>, { wallet, id }: Key): Promise<FoundCharge | undefined> {
  const row = await db
    .selectFrom('usage_records')
    .selectAll()
    .where('request_id', '=', id)
    .where('wallet', '=', wallet)
    .executeTakeFirst()
  if (!row) return undefined
  const record = { ...toUsageRecord(row), postingId: row.posting_id }
  const ids = ['capture', 'late', 'receivable'].map((route) => `${record.postingId}:${route}`)
  return { kind: 'call', record, entries: (await byIds(db, ids)).sort(bySeq) }
}

// The ids are built as in `transferOf`, so that the primary key is the only index needed.
async function byIds(db: Kysely<Tables>, ids: readonly string[]): Promise<PostedTransfer[]> {
  const rows = await db.selectFrom('ledger_transfers').selectAll().where('id', 'in', ids).execute()
  return rows.map(toTransfer)
}

const bySeq = (a: PostedTransfer, b: PostedTransfer) => (a.seq < b.seq ? -1 : 1)
