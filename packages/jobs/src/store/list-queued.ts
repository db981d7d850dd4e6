import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import type { QueuedJob } from '../claim-store.ts'

/** The maximum number of wallets in one listing. */
const WALLETS_MAX = 1_000

/**
 * Queued jobs in round-robin order of wallets. A loose index scan finds the wallets and reads a few jobs of
 * each, so a wallet with a hundred thousand jobs costs no more than one with ten.
 */
export async function listQueued(
  db: Kysely<Tables>,
  { queuedBefore, limit }: { queuedBefore: Date; limit: number },
): Promise<QueuedJob[]> {
  const listed = await sql<QueuedJob>`
    with recursive wallets as (
      (select wallet, 1 as number from image_jobs where state = 'queued' order by wallet limit 1)
      union all
      select next.wallet, wallets.number + 1
      from wallets cross join lateral (
        select wallet from image_jobs
        where state = 'queued' and wallet > wallets.wallet
        order by wallet limit 1
      ) next
      where wallets.number < ${WALLETS_MAX}
    )
    select job.id as "jobId", job.model, job.wallet, job.waiting, job.attempts > 0 as again
    from wallets cross join lateral (
      select id, model, wallet, waiting, attempts, created_at,
        row_number() over (order by created_at, id) as turn
      from image_jobs
      where state = 'queued' and wallet = wallets.wallet and queued_at <= ${queuedBefore}
      order by created_at, id
      limit ${limit}
    ) job
    order by job.turn, job.created_at, job.id
    limit ${limit}`.execute(db)
  return listed.rows
}
