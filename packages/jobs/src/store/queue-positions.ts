import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** The line is counted no further: whoever stands behind waits long either way. */
export const POSITION_MAX = 10_000

/** The places of many jobs: each model's line is walked once, from its head. */
export async function queuePositions(
  db: Kysely<Tables>,
  jobIds: readonly string[],
): Promise<Map<string, number>> {
  const found = await sql<{ id: string; position: number }>`
    with asked as (
      select id, model from image_jobs where id = any(${[...jobIds]}::text[]) and state = 'queued'
    ), line as (
      select place.id, place.position
      from (select distinct model from asked) model
      cross join lateral (
        select id, row_number() over (order by created_at, id)::int as position
        from (
          select id, created_at from image_jobs
          where state = 'queued' and image_jobs.model = model.model
          order by created_at, id
          limit ${POSITION_MAX}
        ) head
      ) place
    )
    select asked.id, coalesce(line.position, ${POSITION_MAX}::int) as position
    from asked left join line using (id)`.execute(db)
  return new Map(found.rows.map(({ id, position }) => [id, position]))
}
