import type { TestDatabase } from '@sluice/testkit/databases'
import { writeOutbox } from '@sluice/db/outbox'
import { sql } from 'kysely'

import type { LedgerUnderTest } from './ledger-suite/fixtures.ts'
import { kyselyLedgerStore } from '../src/store/kysely-ledger-store.ts'
import { jobsIn } from './ledgers.ts'
import { readLedger } from './read-ledger.ts'

/** A ledger in a new database, and the jobs that a test sets. */
export async function pgLedger(database: TestDatabase): Promise<LedgerUnderTest> {
  const { db } = database
  const jobs: LedgerUnderTest['jobs'] = new Map()
  const { readEndedJob, isJobRunning } = jobsIn(jobs)
  return {
    store: kyselyLedgerStore({
      db,
      jobs: {
        readEndedJob: (_trx, jobId) => readEndedJob(jobId),
        isJobRunning: (_trx, jobId) => isJobRunning(jobId),
        findJobs: async (_db, jobIds) => jobIds.filter((jobId) => jobs.has(jobId)),
      },
    }),
    jobs,
    readLedger: () => readLedger(db),
    readOutbox: async () => {
      const rows = await db
        .selectFrom('outbox')
        .select('key')
        .where('topic', '=', 'image-job-ended')
        .orderBy('key')
        .execute()
      return rows.map(({ key }) => key)
    },
    enqueueJobEnded: async (jobId) => {
      const dueAt = new Date('2026-06-01T00:00:00.000Z')
      const message = { topic: 'image-job-ended', key: jobId, payload: { jobId }, dueAt } as const
      await db.transaction().execute((trx) => writeOutbox(trx, message))
    },
  }
}

/** Empties the ledger with the triggers disabled, as only a superuser can. */
export async function emptyLedger({ db }: TestDatabase): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    await sql`truncate ledger_transfers, ledger_seals, usage_records, refused_usage, holds,
      ledger_accounts, outbox cascade`.execute(trx)
    await sql`alter sequence ledger_transfer_seq restart`.execute(trx)
  })
}
