import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'

import type { Jobs } from './kysely-ledger-transaction.ts'
import type { WithoutJobPage, WithoutJobQuery } from './ledger-store.ts'

/** Reads one page of open job holds and returns those whose jobs do not exist. */
export async function listWithoutJob(
  { db, jobs }: { db: Kysely<Tables>; jobs: Pick<Jobs, 'findJobs'> },
  { openedBefore, after, limit }: WithoutJobQuery,
): Promise<WithoutJobPage> {
  const rows = await db
    .selectFrom('holds')
    .select(['id', 'ref'])
    .where('purpose', '=', 'job')
    .where('state', '=', 'open')
    .where('opened_at', '<', openedBefore)
    .$if(after !== undefined, (query) => query.where('id', '>', after ?? ''))
    .orderBy('id')
    .limit(limit)
    .execute()
  const existing = new Set(
    await jobs.findJobs(
      db,
      rows.map(({ ref }) => ref),
    ),
  )
  return {
    refs: rows.map(({ ref }) => ref).filter((ref) => !existing.has(ref)),
    next: rows.length < limit ? undefined : rows.at(-1)?.id,
  }
}
