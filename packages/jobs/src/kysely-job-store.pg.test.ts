import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { afterAll, beforeAll } from 'vitest'

import { claimStoreContract } from './claim-store.contract.ts'
import { createKyselyJobStore } from './kysely-job-store.ts'
import { listStoreContract } from './list-store.contract.ts'
import { submitStoreContract } from './submit-store.contract.ts'
import { backgroundStoreContract } from './background-store.contract.ts'

eachPostgres('the job store', (open) => {
  let database: TestDatabase
  beforeAll(async () => void (database = await open()))
  afterAll(() => database.close())

  const make = async () => {
    const { db } = database
    for (const table of ['image_jobs', 'image_job_events', 'outbox'] as const) {
      await db.deleteFrom(table).execute()
    }
    const outbox = async () =>
      (await db.selectFrom('outbox').select(['topic', 'key']).execute())
        .map(({ topic, key }) => `${topic} ${key}`)
        .sort()
    return { store: createKyselyJobStore({ db }), outbox }
  }
  submitStoreContract(make)
  listStoreContract(make)
  claimStoreContract(make)
  backgroundStoreContract(make)
})
