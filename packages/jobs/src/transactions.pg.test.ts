import { connectPostgres } from '@sluice/db/connect-postgres'
import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { assert } from '@sluice/kernel/assert'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { afterAll, beforeAll, expect, it } from 'vitest'

import type { JobStore } from './job-store.ts'
import { createKyselyJobStore } from './kysely-job-store.ts'
import { sampleId, sampleJob, samplePart } from './testing/sample-job.ts'

const JOBS = 20

eachPostgres('an image job', (open) => {
  let database: TestDatabase
  beforeAll(async () => void (database = await open()))
  afterAll(() => database.close())

  /** Counts the transactions (committed and rolled back) of `work`, in a separate session. */
  const countTransactions = async (work: (store: JobStore) => Promise<void>) => {
    const before = await readCount()
    const { db, close } = connectPostgres({ url: database.url, poolMax: 1, onError: () => {} })
    await work(createKyselyJobStore({ db }))
    // A session reports its statistics when it ends.
    await close()
    return (await readCount()) - before
  }
  const readCount = async () => {
    const admin = connectPostgres({ url: adminUrl(database.url), poolMax: 1, onError: () => {} })
    try {
      await untilAlone(admin)
      const { rows } = await admin.pool.query<{ count: bigint }>(
        `select xact_commit + xact_rollback as count from pg_stat_database where datname = $1`,
        [nameOf(database.url)],
      )
      return Number(rows[0]?.count)
    } finally {
      await admin.close()
    }
  }
  // Waits until all other sessions of the database have ended.
  const untilAlone = async ({ pool }: Pick<TestDatabase, 'pool'>) => {
    for (;;) {
      const { rows } = await pool.query<{ sessions: bigint }>(
        'select count(*) as sessions from pg_stat_activity where datname = $1',
        [nameOf(database.url)],
      )
      if (rows[0]?.sessions === 0n) return
    }
  }

  it('takes one transaction to submit, one to claim, and one to store its picture and end it', async () => {
    const now = fakeClock().now()
    const overhead = await countTransactions(async (store) => void (await store.load('none')))
    const counted = await countTransactions(async (store) => {
      await store.load('none')
      for (let number = 1; number <= JOBS; number += 1) {
        const { job } = await store.submit(sampleJob({ number, now }), now)
        const runner = sampleId('run', 1)
        const claimed = await store.claim({
          jobId: job.id,
          runner,
          slots: 1,
          now,
          fresh: { count: 1 },
        })
        assert(claimed, 'the job was not claimed')
        const stored = samplePart(job.id, 0)
        const transition = await store.write({
          held: claimed.job,
          moves: [{ type: 'store', stored }],
          now,
        })
        expect(transition).toMatchObject({ job: { state: 'done' } })
      }
    })
    expect(counted - overhead).toBe(3 * JOBS)
  })
})

const nameOf = (url: string) => new URL(url).pathname.slice(1)

function adminUrl(url: string): string {
  const admin = new URL(url)
  admin.pathname = '/postgres'
  return admin.href
}
