import { connectPostgres } from '@sluice/db/connect-postgres'
import { migrate } from '@sluice/db/migrate'
import { createKyselyJobStore } from '@sluice/jobs/kysely-job-store'
import { isHoldEnded } from '@sluice/jobs/hold-ended'
import { findJobs, isJobRunning, readEndedJob } from '@sluice/jobs/read-ended-job'
import { sampleJob } from '@sluice/jobs/testing/sample-job'
import { createMemoryBus } from '@sluice/bus/memory-bus'
import { systemClock } from '@sluice/kernel/clock'
import { startDeadline } from '@sluice/kernel/deadline'
import { systemRandom } from '@sluice/kernel/random'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { createMetrics } from '@sluice/service-kit/metrics'
import { startOwnPostgres } from '@sluice/testkit/own-servers'
import type { TestServer } from '@sluice/testkit/servers'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import type { BillingModule } from '../src/module.ts'
import { createBilling } from '../src/module.ts'
import { kyselyLedgerStore } from '../src/store/kysely-ledger-store.ts'
import { id } from './ids.ts'

const WITHIN_MS = 900
const UNUSED_MS = 500
const GIVEN_MICRO = 500_000_000n
const model = 'gpt-image-1'
const low = { width: 1024, height: 1024, quality: 'low' } as const
let server: TestServer
let postgres: ReturnType<typeof connectPostgres>
let billing: BillingModule
let observer: typeof postgres
let wallets = 0
let wallet: string

beforeAll(async () => {
  server = await startOwnPostgres()
  postgres = connectPostgres({ url: server.url, applicationName: 'billing', onError: () => {} })
  await migrate(postgres)
  observer = connectPostgres({ url: server.url, applicationName: 'observer', onError: () => {} })
  billing = createBilling({
    store: kyselyLedgerStore({ db: postgres.db, jobs: { findJobs, isJobRunning, readEndedJob } }),
    bus: createMemoryBus({ clock: systemClock, random: systemRandom }),
    clock: systemClock,
    random: systemRandom,
    log: recordedLog(),
    metrics: createMetrics({ service: 'billing' }),
    config: { unusedHoldMs: UNUSED_MS, unusedEveryMs: 100 },
  })
})
afterAll(async () => {
  await observer.close()
  await postgres.close()
  await server.stop()
})
beforeEach(async () => {
  wallet = id('wal', (wallets += 1))
  const transferId = `first-gift-${wallets}`
  await billing.grantCredits({ transferId, wallet, amountMicro: GIVEN_MICRO, memo: '' })
})

const refOf = (number: number) => id('img', wallets * 1_000 + number)
const open = (number: number) => {
  const deadline = startDeadline(systemClock, WITHIN_MS)
  const hold = {
    wallet,
    ref: refOf(number),
    model,
    worstCase: { kind: 'images' as const, pictures: [low] },
    expiresAt: new Date(systemClock.nowMs() + 2_400_000),
  }
  return billing.openHold(hold, deadline).finally(deadline.clear)
}
const openAllowance = (number: number) => {
  const deadline = startDeadline(systemClock, WITHIN_MS)
  const [needMicro, wantMicro] = [1_000_000n, 1_000_000n]
  const ids = { allowanceId: id('alw', wallets * 1_000 + number), edge: id('edge', 1), wallet }
  const allowance = { ...ids, needMicro, wantMicro, leaseMs: 60_000 }
  return billing.openAllowance(allowance, deadline).finally(deadline.clear)
}
const available = async () => (await billing.readBalance({ wallet })).availableMicro
const untilServerIsIdle = () =>
  expect
    .poll(
      async () => {
        const { rows } = await observer.pool.query(
          `select count(*)::int as busy from pg_stat_activity
           where application_name = 'billing' and state <> 'idle'`,
        )
        return rows[0].busy
      },
      { timeout: 10_000 },
    )
    .toBe(0)

it.each([
  ['holds', open],
  ['allowances', openAllowance],
])(
  'sixteen %s that timed out at a frozen server do not exist after it resumes',
  async (_, invoke) => {
    await Promise.all(Array.from({ length: 4 }, available))
    await server.freeze()
    const outcomes = await Promise.allSettled(Array.from({ length: 16 }, (_one, n) => invoke(n)))
    await server.resume()
    expect(outcomes.map((one) => one.status === 'rejected' && one.reason.code)).toEqual(
      outcomes.map(() => 'unavailable'),
    )
    await expect
      .poll(() => available().catch(() => 'unavailable'), { timeout: 10_000 })
      .toBe(GIVEN_MICRO)
    await untilServerIsIdle()
    expect(await available()).toBe(GIVEN_MICRO)
  },
)

it('voids holds whose jobs were never stored, and refuses those jobs afterwards', async () => {
  const jobs = createKyselyJobStore({ db: postgres.db })
  const submit = (number: number) => {
    const now = systemClock.now()
    return jobs.submit(
      { ...sampleJob({ now, request: { model } }), id: refOf(number), wallet },
      now,
    )
  }
  await open(1)
  await open(2)
  await submit(1)
  await billing.start()
  const expected = GIVEN_MICRO - 1_000_000n
  await expect.poll(available, { timeout: 10_000 }).toBe(expected)
  const late = await submit(2).catch((error: unknown) => error)
  expect(isHoldEnded(late)).toBe(true)
  // The stored job keeps its hold, and a repeated submission creates no new job.
  expect(await submit(1)).toMatchObject({ created: false })
  await billing.stop()
  expect(await available()).toBe(expected)
})
