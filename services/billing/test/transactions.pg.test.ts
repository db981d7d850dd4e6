import type { Postgres } from '@sluice/db/connect-postgres'
import { connectPostgres } from '@sluice/db/connect-postgres'
import type { TestDatabase } from '@sluice/testkit/databases'
import { testDatabase } from '@sluice/testkit/databases'
import { serverUrl } from '@sluice/testkit/server-urls'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { settleJob } from './settle-one.ts'
import { id } from './ids.ts'
import { pgLedger } from './pg-ledgers.ts'
import type { TestBilling } from './test-billing.ts'
import { testBilling } from './test-billing.ts'
import { usageOf } from './usage-records.ts'

const wallet = id('wal', 1)
const apiKeyId = id('key', 1)
const model = 'gpt-image-1'
const low = { width: 1024, height: 1024, quality: 'low' } as const

let database: TestDatabase
/** Connected to another database, so that its queries are not counted. */
let watcher: Postgres
let rounds = 0
beforeAll(async () => {
  database = await testDatabase()
  watcher = connectPostgres({ url: serverUrl('postgres'), onError: () => {} })
})
afterAll(async () => {
  await watcher.close()
  await database.close()
})

/** How many commits the server counts for some work in a session of its own. */
async function countCommits(
  work: (installation: TestBilling) => Promise<unknown>,
): Promise<number> {
  const before = await readCommits()
  const session = connectPostgres({ url: database.url, poolMax: 1, onError: () => {} })
  const name = new URL(database.url).pathname.slice(1)
  rounds += 1
  const ledger = await pgLedger({ ...database, db: session.db })
  await work(testBilling({ ledger, seed: rounds }))
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(session.db)
  await session.close()
  // A session reports its statistics when it ends.
  for (let there = true; there;) {
    const found = await sql<{ pid: number }>`
      select pid from pg_stat_activity where datname = ${name} and pid = ${rows[0]?.pid}`.execute(
      watcher.db,
    )
    there = found.rows.length > 0
  }
  return (await readCommits()) - before
}

async function readCommits(): Promise<number> {
  const name = new URL(database.url).pathname.slice(1)
  const { rows } = await sql<{ commits: bigint }>`
    select xact_commit as commits from pg_stat_database where datname = ${name}`.execute(watcher.db)
  return Number(rows[0]?.commits)
}

/** Commits per turn, without the commits of the session itself. */
async function commitsPerTurn(
  turn: (installation: TestBilling, number: number) => Promise<unknown>,
) {
  const many = 10
  const times = (count: number) =>
    countCommits(async (installation) => {
      const gift = { wallet, amountMicro: 100_000_000n, memo: '' }
      await installation.billing.grantCredits({ transferId: `gift-round-${rounds}`, ...gift })
      for (let index = 1; index <= count; index += 1) await turn(installation, rounds * 100 + index)
    })
  const once = await times(1)
  return ((await times(1 + many)) - once) / many
}

const openHold = ({ billing, clock }: TestBilling, number: number) =>
  billing.openHold({
    wallet,
    ref: id('img', number),
    model,
    worstCase: { kind: 'images', pictures: [low] },
    expiresAt: new Date(clock.nowMs() + 600_000),
  })

describe('a job costs billing', () => {
  it('one database transaction to open its hold', async () => {
    expect(await commitsPerTurn(openHold)).toBe(1)
  })

  it('and one to settle it', async () => {
    const both = await commitsPerTurn(async (installation, number) => {
      await openHold(installation, number)
      const jobId = id('img', number)
      installation.ledger.jobs.set(jobId, {
        state: 'done',
        wallet,
        apiKeyId,
        model,
        pictures: [low],
      })
      expect(await settleJob(installation.context, { jobId })).toBe('capture')
    })
    expect(both).toBe(2)
  })
})

describe('a batch of usage records', () => {
  it('costs one database transaction, however many records and allowances it has', async () => {
    const commits = await commitsPerTurn(async ({ billing }, number) => {
      const records = [1, 2].flatMap((part) =>
        Array.from({ length: 20 }, (_, index) =>
          usageOf({
            number: number * 1_000 + part * 100 + index,
            allowanceId: id('alw', number * 10 + part),
            output: 1,
          }),
        ),
      )
      for (const part of [1, 2]) {
        const allowanceId = id('alw', number * 10 + part)
        const amounts = { needMicro: 0n, wantMicro: 100_000n, leaseMs: 60_000 }
        await billing.openAllowance({ allowanceId, wallet, edge: id('edge', 1), ...amounts })
      }
      expect((await billing.captureUsage({ records })).captured).toBe(40)
    })
    expect(commits).toBe(3)
  })
})
