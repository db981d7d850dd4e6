import { simulate } from '@sluice/testkit/simulate'
import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { afterAll, beforeAll, expect, it } from 'vitest'

import type { JobStore } from '../src/job-store.ts'
import { createKyselyJobStore } from '../src/kysely-job-store.ts'
import { createMemoryJobStore } from '../src/memory-job-store.ts'
import { readEndedJob, describeEnd } from '../src/read-ended-job.ts'
import { checkJobs, finishJobs, jobActions, createJobSimulation } from './job-simulation.ts'

const SEEDS = [101, 102, 103, 104]
const STEPS = 150

eachPostgres('image jobs in any order of events', (open) => {
  let database: TestDatabase
  beforeAll(async () => void (database = await open()))
  afterAll(() => database.close())

  it.each(SEEDS)(
    'have the same results in PostgreSQL as in memory (seed %i)',
    async (seed) => {
      const { db } = database
      for (const table of ['image_jobs', 'image_job_events', 'outbox'] as const) {
        await db.deleteFrom(table).execute()
      }
      const memory = createMemoryJobStore()
      const outbox = async () => {
        const rows = await db.selectFrom('outbox').select(['topic', 'key']).execute()
        const found = rows.map(({ topic, key }) => `${topic} ${key}`).sort()
        expect(found).toEqual(memory.outbox())
        return found
      }
      const store = bothStores(createKyselyJobStore({ db }), memory)
      const simulation = await simulate({
        seed,
        steps: STEPS,
        createState: () => createJobSimulation({ store, outbox }),
        actions: jobActions,
        check: checkJobs,
      })
      await finishJobs(simulation)
      for (const job of simulation.lastRecords.values()) {
        expect(await readEndedJob(db, job.id)).toEqual(describeEnd(job))
      }
    },
    120_000,
  )
})

/** Calls both stores, and fails when their results differ. */
function bothStores(real: JobStore, oracle: JobStore): JobStore {
  return new Proxy(real, {
    get: (_real, method: keyof JobStore) => async (input: never, now: never) => {
      const [actual, expected] = [await call(real, method), await call(oracle, method)]
      // The order of the claims that heartbeat returns is not defined.
      const normalize = (result: unknown) =>
        method === 'heartbeat' && Array.isArray(result) ? new Set(result) : result
      expect(normalize(actual)).toEqual(normalize(expected))
      return actual

      function call(store: JobStore, name: keyof JobStore): Promise<unknown> {
        return store[name](input, now)
      }
    },
  })
}
