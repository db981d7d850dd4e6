import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** compatible: which image task a request became, and failed tasks of a wallet by age. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table request_log add column task_id text`.execute(db)
  await sql`
    create index image_jobs_failed on image_jobs (wallet, created_at)
    where state = 'failed'`.execute(db)
}
