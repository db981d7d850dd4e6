import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** compatible: indexes for reading charges by wallet and day. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index holds_of_wallet on holds (wallet, opened_at, ref) where purpose = 'job'`.execute(
    db,
  )
  await sql`
    create index usage_records_of_wallet on usage_records (wallet, ended_at, request_id)`.execute(
    db,
  )
  await sql`
    create index ledger_transfers_refunds on ledger_transfers (hold_id)
    where kind = 'refund'`.execute(db)
  await sql`
    create index image_jobs_ended on image_jobs (ended_at, state)
    where ended_at is not null`.execute(db)
}
