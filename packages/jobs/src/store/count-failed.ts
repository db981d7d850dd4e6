import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import type { FailureQuery, FailureSum } from '../list-store.ts'

/** Uses only the partial index of failed jobs: does not read successful ones. */
export async function countFailedByDay(
  db: Kysely<Tables>,
  { wallet, from, until, apiKeyId, model, rowsMax }: FailureQuery,
): Promise<FailureSum[]> {
  const { rows } = await sql<FailureSum>`
    select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD') as day, model,
      count(*)::int as failures
    from image_jobs
    where state = 'failed' and wallet = ${wallet}
      and created_at >= ${from} and created_at < ${until}
      ${apiKeyId === undefined ? sql`` : sql`and api_key_id = ${apiKeyId}`}
      ${model === undefined ? sql`` : sql`and model = ${model}`}
    group by 1, 2
    limit ${rowsMax}`.execute(db)
  return rows
}
