import { describe, expect, it } from 'vitest'

import { id } from './ids.ts'
import { memoryLedger } from './ledgers.ts'
import { testBilling } from './test-billing.ts'
import { usageOf } from './usage-records.ts'

const wallet = id('wal', 1)
const apiKeyId = id('key', 1)
const model = 'gpt-image-1'
const ref = id('img', 1)
const allowanceId = id('alw', 1)
const low = { width: 1024, height: 1024, quality: 'low' } as const

async function setUp() {
  const ledger = await memoryLedger()
  const installation = testBilling({ ledger })
  const { billing, clock } = installation
  const amountMicro = 100_000_000n
  await billing.grantCredits({ transferId: 'first-gift', wallet, amountMicro, memo: '' })
  const worstCase = { kind: 'images' as const, pictures: [low, low] }
  const expiresAt = new Date(clock.nowMs() + 600_000)
  await billing.openHold({ wallet, ref, model, worstCase, expiresAt })
  const edge = id('edge', 1)
  const want = { needMicro: 0n, wantMicro: 1_000_000n, leaseMs: 60_000 }
  await billing.openAllowance({ allowanceId, wallet, edge, ...want })
  await billing.start()
  return { ...installation, balance: () => billing.readBalance({ wallet }) }
}

describe('the news that a job ended', () => {
  it('settles it, though it comes twice and the first time the process dies unheard', async () => {
    const { bus, clock, ledger, store, balance, billing } = await setUp()
    ledger.jobs.set(ref, { state: 'done', wallet, apiKeyId, model, pictures: [low] })
    await ledger.enqueueJobEnded(ref)
    store.crashAt('after-commit')
    await bus.announce('image-job-ended', { jobId: ref })
    await bus.announce('image-job-ended', { jobId: ref })
    await clock.advance(120_000)
    expect(await balance()).toMatchObject({ postedMicro: 99_000_000n, heldMicro: 1_000_000n })
    expect(await ledger.readOutbox()).toEqual([])
    await billing.stop()
  })

  it('comes again until the book took it', async () => {
    const { bus, clock, ledger, store, balance, billing } = await setUp()
    ledger.jobs.set(ref, { state: 'failed', wallet, apiKeyId, model, pictures: [] })
    store.crashAt('before-commit')
    await bus.announce('image-job-ended', { jobId: ref })
    await clock.advance(120_000)
    expect(await balance()).toMatchObject({ postedMicro: 100_000_000n, heldMicro: 1_000_000n })
    await billing.stop()
  })
})

describe('usage records of an edge', () => {
  it('are counted once, though billing dies after its commit and the edge asks again', async () => {
    const { store, balance, billing } = await setUp()
    const records = [1, 2].map((number) => usageOf({ number, allowanceId, output: 3 }))
    store.crashAt('after-commit')
    await expect(billing.captureUsage({ records })).rejects.toThrow('after-commit')
    expect(await billing.captureUsage({ records })).toMatchObject({ captured: 0 })
    expect(await balance()).toMatchObject({ postedMicro: 99_994_000n })
    await billing.stop()
  })
})
