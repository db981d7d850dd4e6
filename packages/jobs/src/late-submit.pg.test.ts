import type { Postgres } from '@sluice/db/connect-postgres'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { withinTime } from '@sluice/db/time-limit'
import type { TestDatabase } from '@sluice/testkit/databases'
import { testDatabase } from '@sluice/testkit/databases'
import type { HoldingProxy } from '@sluice/testkit/holding-proxy'
import { holdingProxy } from '@sluice/testkit/holding-proxy'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { createKyselyJobStore } from './kysely-job-store.ts'
import { sampleJob } from './testing/sample-job.ts'

let database: TestDatabase
let proxy: HoldingProxy
let postgres: Postgres
beforeAll(async () => {
  database = await testDatabase()
  proxy = await holdingProxy(database.url)
  postgres = connectPostgres({ url: proxy.url, onError: () => {} })
})
afterAll(async () => {
  await postgres.close()
  await proxy.close()
  await database.close()
})

it('an insert that arrives after its timeout writes neither the job nor its outbox row', async () => {
  const jobs = createKyselyJobStore({ db: postgres.db })
  const now = new Date()
  // Connects first, so that the timeout expires while the statement is held back.
  await sql`select`.execute(postgres.db)
  proxy.hold('insert into image_jobs')
  const submitted = withinTime({ withinMs: 1_000 }, () => jobs.submit(sampleJob({ now }), now))
  await expect(submitted).rejects.toMatchObject({ code: 'unavailable' })
  await proxy.release()
  const left = `select from image_jobs union all select from outbox`
  expect((await database.pool.query(left)).rowCount).toBe(0)
  expect(await jobs.submit(sampleJob({ now }), now)).toMatchObject({ created: true })
  expect((await database.pool.query(left)).rowCount).toBe(2)
})
