import type { Tables } from '@sluice/db/tables'
import type { ExpressionBuilder, Kysely } from 'kysely'
import { sql } from 'kysely'

import type { JobCursor, JobListQuery, JobPage } from '../list-store.ts'
import { SCAN_ROWS_MAX, searchedText } from '../list-store.ts'
import { readRow } from './job-row.ts'

/**
 * A page of jobs, by an index scan over the creation time of one wallet or of all. The inner query is the
 * scan, limited to SCAN_ROWS_MAX; the outer one filters it and stops when the page is full.
 */
export async function listJobs(db: Kysely<Tables>, query: JobListQuery): Promise<JobPage> {
  const rows = await db
    .selectFrom(scan(db, query).selectAll().limit(SCAN_ROWS_MAX).as('image_jobs'))
    .selectAll()
    .where((of) => matchesFilter(of, query))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(query.limit + 1)
    .execute()
  const jobs = rows.slice(0, query.limit).map(readRow)
  const last = jobs.at(-1)
  if (rows.length > query.limit && last) {
    return { jobs, next: { createdAt: last.createdAt, id: last.id } }
  }
  return { jobs, next: isFiltered(query) ? await endOfScan(db, query) : null }
}

function scan(db: Kysely<Tables>, { wallet, createdFrom, createdBefore, after }: JobListQuery) {
  let jobs = db.selectFrom('image_jobs').orderBy('created_at', 'desc').orderBy('id', 'desc')
  if (wallet !== undefined) jobs = jobs.where('wallet', '=', wallet)
  if (createdFrom) jobs = jobs.where('created_at', '>=', createdFrom)
  if (createdBefore) jobs = jobs.where('created_at', '<', createdBefore)
  if (after) jobs = jobs.where(sql<boolean>`(created_at, id) < (${after.createdAt}, ${after.id})`)
  return jobs
}

function matchesFilter(
  of: ExpressionBuilder<Tables, 'image_jobs'>,
  { state, model, promptPart }: JobListQuery,
) {
  return of.and([
    ...(state === undefined ? [] : [of('state', '=', state)]),
    ...(model === undefined ? [] : [of('model', '=', model)]),
    ...(promptPart === undefined ? [] : [of('prompt_search', 'like', patternOf(promptPart))]),
  ])
}

const patternOf = (part: string) => `%${searchedText(part).replaceAll(/[\\%_]/g, String.raw`\$&`)}%`

const isFiltered = ({ state, model, promptPart }: JobListQuery) =>
  state !== undefined || model !== undefined || promptPart !== undefined

/** The cursor where a scan was cut off; null when it reached the end of the list. */
async function endOfScan(db: Kysely<Tables>, query: JobListQuery): Promise<JobCursor | null> {
  const last = await scan(db, query)
    .select(['created_at as createdAt', 'id'])
    .offset(SCAN_ROWS_MAX - 1)
    .limit(1)
    .executeTakeFirst()
  return last ?? null
}
