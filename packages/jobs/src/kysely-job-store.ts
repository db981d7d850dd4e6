import { mapDatabaseUnavailable } from '@sluice/db/database-unavailable'
import type { Tables } from '@sluice/db/tables'
import { isSqlState } from '@sluice/db/sql-state'
import { withTransaction } from '@sluice/db/with-transaction'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import type { JobRepository } from './job-repository.ts'
import type { JobStore } from './job-store.ts'
import { holdEnded } from './hold-ended.ts'
import { createJobStore } from './job-store.ts'
import { countFailedByDay } from './store/count-failed.ts'
import { countJobs } from './store/count-jobs.ts'
import { readRow } from './store/job-row.ts'
import { listJobs } from './store/list-jobs.ts'
import { listQueued } from './store/list-queued.ts'
import { POSITION_MAX, queuePositions } from './store/queue-positions.ts'
import { readEvents } from './store/read-events.ts'
import { claimFirst, insertJob, updateJob } from './store/write-job.ts'

/** Image jobs in PostgreSQL. All methods reject with `unavailable` while the database is unavailable. */
export function createKyselyJobStore({ db }: { db: Kysely<Tables> }): JobStore {
  return createJobStore(mapToUnavailable(createRepository(db)))
}

function createRepository(db: Kysely<Tables>): JobRepository {
  return {
    // A transaction although it is one statement, because only transactions check the deadline at commit.
    insert: (transition) => mapHoldEnded(withTransaction(db, (trx) => insertJob(trx, transition))),
    load: async (jobId) => {
      const row = await selectJobs(db).where('id', '=', jobId).executeTakeFirst()
      return row && readRow(row)
    },
    save: (before, transition) => updateJob(db, { before, transition }),
    decide: createDecide(db),
    claimFirst: (input) => claimFirst(db, input),
    readEvents: (query) => readEvents(db, query),
    ...createListings(db),
    heartbeat: async ({ claims, now }) => {
      const updated = await sql<{ jobId: string; fence: number }>`
        update image_jobs set heartbeat_at = ${now}
        from unnest(
          ${claims.map(({ jobId }) => jobId)}::text[],
          ${claims.map(({ fence }) => fence)}::int[]
        ) as claim (job_id, fence)
        where id = claim.job_id and image_jobs.fence = claim.fence and state = 'claimed'
        returning id as "jobId", image_jobs.fence`.execute(db)
      return updated.rows
    },
    markSwept: async ({ jobId, nextAt }) => {
      await db.updateTable('image_jobs').set({ sweep_at: nextAt }).where('id', '=', jobId).execute()
    },
  }
}

const RESTRICT_VIOLATION = '23001'

/** The trigger `job_needs_open_hold` rejects a job whose hold has ended. */
async function mapHoldEnded<Result>(written: Promise<Result>): Promise<Result> {
  try {
    return await written
  } catch (error) {
    throw isSqlState(error, RESTRICT_VIOLATION) ? holdEnded(error) : error
  }
}

// Maps database errors of every method of the repository to `unavailable`.
function mapToUnavailable(repository: JobRepository): JobRepository {
  return new Proxy(repository, {
    get: (target, name, receiver) => {
      const query: unknown = Reflect.get(target, name, receiver)
      if (typeof query !== 'function') return query
      return (...input: unknown[]) => mapDatabaseUnavailable(() => query.apply(target, input))
    },
  })
}

const selectJobs = (db: Kysely<Tables>) => db.selectFrom('image_jobs').selectAll()

function createDecide(db: Kysely<Tables>): JobRepository['decide'] {
  return ({ jobId, skipLocked }, decide) =>
    withTransaction(db, async (trx) => {
      const locked = selectJobs(trx).where('id', '=', jobId).forUpdate()
      const row = await (skipLocked ? locked.skipLocked() : locked).executeTakeFirst()
      if (!row) return undefined
      const before = readRow(row)
      const decision = decide(before)
      if (decision.outcome === 'transition' && decision.job !== before) {
        await updateJob(trx, { before, transition: decision })
      }
      return decision
    })
}

function createListings(db: Kysely<Tables>) {
  return {
    queuePosition: async (jobId) => {
      const found = await sql<{ position: number }>`
        select count(*)::int as position from (
          select from image_jobs job join image_jobs ahead
            on ahead.model = job.model and ahead.state = 'queued'
            and (ahead.created_at, ahead.id) <= (job.created_at, job.id)
          where job.id = ${jobId} and job.state = 'queued'
          limit ${POSITION_MAX}
        ) as queue
        having count(*) > 0`.execute(db)
      return found.rows[0]?.position
    },
    queuePositions: (jobIds) => queuePositions(db, jobIds),
    listJobs: (query) => listJobs(db, query),
    countJobs: (query) => countJobs(db, query),
    countFailedByDay: (query) => countFailedByDay(db, query),
    listQueued: (query) => listQueued(db, query),
    listClaims: async ({ afterJobId, limit }) => {
      const rows = await db
        .selectFrom('image_jobs')
        .select(['id as jobId', 'fence', 'heartbeat_at as heartbeatAt'])
        .where('state', '=', 'claimed')
        .where('id', '>', afterJobId)
        .where('heartbeat_at', 'is not', null)
        .$narrowType<{ heartbeatAt: Date }>()
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows
    },
    listExpired: async ({ now, limit }) => {
      const rows = await db
        .selectFrom('image_jobs')
        .select('id')
        .where('state', 'in', ['queued', 'claimed'])
        .where('deadline_at', '<=', now)
        .orderBy('deadline_at')
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(({ id }) => id)
    },
    listSweepable: async ({ now, limit }) => {
      const due = selectJobs(db).where('sweep_at', '<=', now).orderBy('sweep_at').orderBy('id')
      return (await due.limit(limit).execute()).map(readRow)
    },
    findJobs: async (jobIds) => {
      const among = db.selectFrom('image_jobs').select('id').where('id', 'in', jobIds)
      return (await among.orderBy('id').execute()).map(({ id }) => id)
    },
  } satisfies Partial<JobRepository>
}
