import { createKyselyJobStore } from '@sluice/jobs/kysely-job-store'
import { findJobs, isJobRunning, readEndedJob } from '@sluice/jobs/read-ended-job'
import { sampleId, sampleJob, samplePart } from '@sluice/jobs/testing/sample-job'
import { assert } from '@sluice/kernel/assert'
import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { kyselyLedgerStore } from '../src/store/kysely-ledger-store.ts'
import { expireHolds } from '../src/background/expire-holds.ts'
import { settleJob } from './settle-one.ts'
import { emptyLedger, pgLedger } from './pg-ledgers.ts'
import { testBilling } from './test-billing.ts'

const wallet = sampleId('wal', 1)
const low = { width: 1024, height: 1024, quality: 'low' as const }
const HIGH_1024X1536_MICRO = 24_000_000n

eachPostgres('a job of the real job store', (open) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
  })
  beforeEach(async () => {
    await emptyLedger(database)
    await database.db.deleteFrom('image_job_events').execute()
    await database.db.deleteFrom('image_jobs').execute()
  })
  afterAll(() => database.close())

  async function setUp() {
    const { db } = database
    const jobs = createKyselyJobStore({ db })
    const ledger = await pgLedger(database)
    const store = kyselyLedgerStore({ db, jobs: { readEndedJob, isJobRunning, findJobs } })
    const installation = testBilling({ ledger: { ...ledger, store } })
    const { billing, clock } = installation
    const amountMicro = 100_000_000n
    await billing.grantCredits({ transferId: 'first-gift', wallet, amountMicro, memo: '' })
    const job = sampleJob({ now: clock.now(), request: { count: 2 } })
    const high = { width: 1024, height: 1536, quality: 'high' as const }
    await billing.openHold({
      wallet,
      ref: job.id,
      model: job.request.model,
      worstCase: { kind: 'images', pictures: [high, high] },
      expiresAt: job.deadlineAt,
    })
    await jobs.submit(job, clock.now())
    /** Runs the job to its end: one picture is stored, the other fails. */
    const runJob = async () => {
      const runner = sampleId('run', 1)
      const claimed = await jobs.claim({ jobId: job.id, runner, slots: 2, now: clock.now() })
      assert(claimed, 'the job is queued')
      const failure = { code: 'upstream_failed', message: 'no' }
      await jobs.write({
        held: claimed.job,
        moves: [
          { type: 'store', stored: samplePart(job.id, 0) },
          { type: 'fail', index: 1, failure },
        ],
        now: clock.now(),
      })
    }
    const balance = () => billing.readBalance({ wallet })
    const findings = async () => {
      const report = await store.verify({
        now: clock.now(),
        graceMs: installation.context.config.graceMs,
      })
      return report.findings
    }
    return { ...installation, jobs, job, runJob, balance, findings }
  }

  it('is charged for its stored pictures, and its outbox row is deleted', async () => {
    const { context, ledger, job, runJob, balance, findings } = await setUp()
    await runJob()
    expect(await ledger.readOutbox()).toEqual([job.id])
    expect(await settleJob(context, { jobId: job.id })).toBe('capture')
    expect(await balance()).toMatchObject({
      heldMicro: 0n,
      availableMicro: 100_000_000n - HIGH_1024X1536_MICRO,
    })
    expect(await ledger.readOutbox()).toEqual([])
    expect(await findings()).toEqual([])
  })

  it('that was cancelled is not charged', async () => {
    const { context, ledger, jobs, clock, job, balance, findings } = await setUp()
    await jobs.cancel(job.id, clock.now())
    expect(await settleJob(context, { jobId: job.id })).toBe('void')
    expect(await balance()).toMatchObject({ heldMicro: 0n, availableMicro: 100_000_000n })
    expect(await ledger.readOutbox()).toEqual([])
    expect(await findings()).toEqual([])
  })

  it('keeps its hold while it is queued, and is settled by the background task when its event was lost', async () => {
    const { context, billing, jobs, clock, runJob, balance, findings } = await setUp()
    await runJob()
    const waiting = sampleJob({ number: 2, now: clock.now() })
    await billing.openHold({
      wallet,
      ref: waiting.id,
      model: waiting.request.model,
      worstCase: { kind: 'images', pictures: [low] },
      expiresAt: waiting.deadlineAt,
    })
    await jobs.submit(waiting, clock.now())
    await clock.advance(86_400_000)
    expect(await expireHolds(context)).toEqual({ expired: 0, settled: 1, running: 1 })
    expect(await balance()).toMatchObject({ heldMicro: 1_000_000n })
    expect(await findings()).toMatchObject([{ invariant: 3, count: 1 }])
  })
})
