import { startDeadline } from '@sluice/kernel/deadline'
import { expect, it } from 'vitest'

import { voidUnusedHolds } from '../src/background/void-unused-holds.ts'
import { id } from './ids.ts'
import { memoryLedger } from './ledgers.ts'
import { testBilling } from './test-billing.ts'

const wallet = id('wal', 1)
const model = 'gpt-image-1'
const low = { width: 1024, height: 1024, quality: 'low' } as const
const GIVEN_MICRO = 500_000_000n
const TWO_MINUTES_MS = 120_000

async function setUp(holds: number) {
  const ledger = await memoryLedger()
  const installation = testBilling({ ledger })
  const { billing, clock } = installation
  await billing.grantCredits({
    transferId: 'first-gift',
    wallet,
    amountMicro: GIVEN_MICRO,
    memo: '',
  })
  const open = (number: number, options?: { signal: AbortSignal }) =>
    billing.openHold(
      {
        wallet,
        ref: id('img', number),
        model,
        worstCase: { kind: 'images', pictures: [low] },
        expiresAt: new Date(clock.nowMs() + 2_400_000),
      },
      options,
    )
  for (let number = 1; number <= holds; number += 1) await open(number)
  const available = async () => (await billing.readBalance({ wallet })).availableMicro
  return { ...installation, open, available }
}

it('voids every hold without a job within two minutes, and none within the time of a submission', async () => {
  const { billing, clock, available, context } = await setUp(16)
  await billing.start()
  await clock.advance(59_000)
  expect(await available()).toBeLessThan(GIVEN_MICRO)
  await clock.advance(TWO_MINUTES_MS - 59_000)
  expect(await available()).toBe(GIVEN_MICRO)
  expect(await voidUnusedHolds(context)).toBe(0)
  await billing.stop()
})

it('does not void the holds of running and ended jobs', async () => {
  const { clock, ledger, context, available } = await setUp(3)
  ledger.jobs.set(id('img', 1), 'running')
  const ended = { wallet, apiKeyId: id('key', 1), model, pictures: [low] }
  ledger.jobs.set(id('img', 2), { state: 'done', ...ended })
  await clock.advance(TWO_MINUTES_MS)
  expect(await voidUnusedHolds(context)).toBe(1)
  expect(await available()).toBe(GIVEN_MICRO - 2_000_000n)
})

it('reads every page of them', async () => {
  const { clock, context, available } = await setUp(30)
  await clock.advance(TWO_MINUTES_MS)
  const pages = { ...context.store, listWithoutJob: listBy(7, context.store.listWithoutJob) }
  expect(await voidUnusedHolds({ ...context, store: pages })).toBe(30)
  expect(await available()).toBe(GIVEN_MICRO)
})

function listBy<Query extends { limit: number }, Page>(
  limit: number,
  list: (query: Query) => Promise<Page>,
) {
  return (query: Query) => list({ ...query, limit })
}

it('with unlessSubmitted, a hold is voided only while no job was submitted', async () => {
  const { billing, ledger, available } = await setUp(2)
  ledger.jobs.set(id('img', 1), 'running')
  for (const number of [1, 2, 3]) {
    await billing.voidHold({ ref: id('img', number), reason: 'unknown', unlessSubmitted: true })
  }
  expect(await available()).toBe(GIVEN_MICRO - 1_000_000n)
})

it('opens no hold when the deadline of the call passes before the transaction begins', async () => {
  const { clock, open, store, available } = await setUp(0)
  const deadline = startDeadline(clock, 5_000)
  // Another transaction blocks the store for longer than the deadline of the call.
  const busy = store.inTransaction(() => clock.sleep(20_000))
  const opening = Promise.allSettled([open(1, deadline)])
  await clock.advance(0)
  await clock.advance(20_000)
  await busy
  expect(await opening).toMatchObject([{ status: 'rejected' }])
  expect(await available()).toBe(GIVEN_MICRO)
})
