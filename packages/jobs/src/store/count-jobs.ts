import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import type { JobCounts } from '../list-store.ts'

/** Each count uses the partial index of its state: does not read jobs that ended earlier. */
export async function countJobs(
  db: Kysely<Tables>,
  { endedSince }: { endedSince: Date },
): Promise<JobCounts> {
  const { rows } = await sql<JobCounts>`
    select queued, oldest as "oldestQueuedAt", generating, done, failed
    from
      (
        select count(*)::int as queued, min(queued_at) as oldest
        from image_jobs where state = 'queued'
      ) as waiting,
      (select count(*)::int as generating from image_jobs where state = 'claimed') as held,
      (
        select (count(*) filter (where state = 'done'))::int as done,
          (count(*) filter (where state = 'failed'))::int as failed
        from image_jobs where ended_at >= ${endedSince}
      ) as ended`.execute(db)
  return rows[0] ?? { queued: 0, oldestQueuedAt: null, generating: 0, done: 0, failed: 0 }
}
