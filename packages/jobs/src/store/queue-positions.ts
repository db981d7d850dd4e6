import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** The largest reported position: jobs further back are not counted exactly. */
export const POSITION_MAX = 10_000

/** The positions of many jobs: scans the queue of each model once, from its head. */
export async function queuePositions(
  db: Kysely<Tables>,
  jobIds: readonly string[],
): Promise<Map<string, number>> {
  const found = await sql<{ id: string; position: number }>`
    with requested as (
      select id, model from image_jobs where id = any(${[...jobIds]}::text[]) and state = 'queued'
    ), queue as (
      select queued.id, queued.position
      from (select distinct model from requested) model
      cross join lateral (
        select id, row_number() over (order by created_at, id)::int as position
        from (
          select id, created_at from image_jobs
          where state = 'queued' and image_jobs.model = model.model
          order by created_at, id
          limit ${POSITION_MAX}
        ) head
      ) queued
    )
    select requested.id, coalesce(queue.position, ${POSITION_MAX}::int) as position
    from requested left join queue using (id)`.execute(db)
  return new Map(found.rows.map(({ id, position }) => [id, position]))
}
