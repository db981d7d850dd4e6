import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/** compatible: lists of image jobs by age, and a part of the prompt to search. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table image_jobs add column prompt_search text`.execute(db)
  // Prompts with escapes that PostgreSQL cannot turn into text stay out of the search.
  await sql`
    update image_jobs set prompt_search = lower(left(request ->> 'prompt', 2000))
    where request::text !~ '\\\\u(0000|[dD][89a-fA-F])'`.execute(db)
  await sql`create index image_jobs_by_age on image_jobs (created_at, id)`.execute(db)
  await sql`create index image_jobs_of_wallet on image_jobs (wallet, created_at, id)`.execute(db)
}
