import type { ImageJobEvent } from '@sluice/contracts/events'
import type { Tables } from '@sluice/db/tables'
import type { ImageJobEventsTable } from '@sluice/db/tables/images'
import type { Kysely, Selectable } from 'kysely'
import { sql } from 'kysely'

import { readEventRow } from './job-row.ts'

/** Events after a number, of one or many jobs, ordered within each job. */
export async function readEvents(
  db: Kysely<Tables>,
  {
    cursors,
    limitEach,
  }: { cursors: readonly { jobId: string; afterSeq: number }[]; limitEach: number },
): Promise<ImageJobEvent[]> {
  if (cursors.length === 0) return []
  const found = await sql<Selectable<ImageJobEventsTable>>`
    select event.*
    from unnest(
      ${cursors.map(({ jobId }) => jobId)}::text[],
      ${cursors.map(({ afterSeq }) => afterSeq)}::int[]
    ) with ordinality as cursor (job_id, after_seq, ordinal)
    cross join lateral (
      select job_id, seq, at, fact from image_job_events
      where job_id = cursor.job_id and seq > cursor.after_seq
      order by seq limit ${limitEach}
    ) event
    order by cursor.ordinal, event.seq`.execute(db)
  return found.rows.map(readEventRow)
}
