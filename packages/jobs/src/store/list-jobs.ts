import type { Tables } from '@sluice/db/tables'
import type { Expression, Kysely, SqlBool } from 'kysely'
import { expressionBuilder, sql } from 'kysely'

import type { JobCursor, JobFilter, JobListQuery, JobPage, JobRange } from '../list-store.ts'
import { SCAN_ROWS_MAX, searchedText } from '../list-store.ts'
import { readRow } from './job-row.ts'

/**
 * A page of jobs, by an index scan over the creation time of one wallet or of all. The inner query is the
 * scan, limited to SCAN_ROWS_MAX; the outer one filters it and stops when the page is full.
 */
export async function listJobs(db: Kysely<Tables>, query: JobListQuery): Promise<JobPage> {
  const conditions = filterConditions(query)
  const rows = await db
    .selectFrom(scan(db, query).selectAll().limit(SCAN_ROWS_MAX).as('image_jobs'))
    .selectAll()
    .where(({ and }) => and(conditions))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(query.limit + 1)
    .execute()
  const jobs = rows.slice(0, query.limit).map(readRow)
  const last = jobs.at(-1)
  if (rows.length > query.limit && last) {
    return { jobs, next: { createdAt: last.createdAt, id: last.id } }
  }
  return { jobs, next: conditions.length > 0 ? await endOfScan(db, query) : null }
}

const column = expressionBuilder<Tables, 'image_jobs'>()
type Conditions<Query> = Record<keyof Query, Expression<SqlBool> | undefined>

function scan(db: Kysely<Tables>, range: JobRange) {
  const { wallet, createdFrom, createdBefore, after } = range
  const conditions = {
    wallet: wallet === undefined ? undefined : column('wallet', '=', wallet),
    createdFrom: createdFrom && column('created_at', '>=', createdFrom),
    createdBefore: createdBefore && column('created_at', '<', createdBefore),
    after: after && sql<SqlBool>`(created_at, id) < (${after.createdAt}, ${after.id})`,
  } satisfies Conditions<JobRange>
  return db
    .selectFrom('image_jobs')
    .where(({ and }) => and(given(conditions)))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
}

/** One condition for each member of the filter that is given; none for an unfiltered list. */
function filterConditions({ state, model, promptPart }: JobFilter): Expression<SqlBool>[] {
  return given({
    state: state === undefined ? undefined : column('state', '=', state),
    model: model === undefined ? undefined : column('model', '=', model),
    promptPart:
      promptPart === undefined ? undefined : column('prompt_search', 'like', patternOf(promptPart)),
  } satisfies Conditions<JobFilter>)
}

const given = (conditions: Record<string, Expression<SqlBool> | undefined>) =>
  Object.values(conditions).filter((condition) => condition !== undefined)

const patternOf = (part: string) => `%${searchedText(part).replaceAll(/[\\%_]/g, String.raw`\$&`)}%`

/** The cursor where a scan was cut off; null when it reached the end of the list. */
async function endOfScan(db: Kysely<Tables>, query: JobRange): Promise<JobCursor | null> {
  const last = await scan(db, query)
    .select(['created_at as createdAt', 'id'])
    .offset(SCAN_ROWS_MAX - 1)
    .limit(1)
    .executeTakeFirst()
  return last ?? null
}
