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
  const amounts = { needMicro: 0n, wantMicro: 1_000_000n, leaseMs: 60_000 }
  await billing.openAllowance({ allowanceId, wallet, edge, ...amounts })
  await billing.start()
  return { ...installation, balance: () => billing.readBalance({ wallet }) }
}

describe('the event image-job-ended', () => {
  it('settles the job once when it arrives twice and the process dies before the first acknowledgement', async () => {
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

  it('is redelivered until the transaction commits', async () => {
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
  it('are counted once when billing dies after its commit and the edge sends them again', async () => {
    const { store, balance, billing } = await setUp()
    const records = [1, 2].map((number) => usageOf({ number, allowanceId, output: 3 }))
    store.crashAt('after-commit')
    await expect(billing.captureUsage({ records })).rejects.toThrow('after-commit')
    expect(await billing.captureUsage({ records })).toMatchObject({ captured: 0 })
    expect(await balance()).toMatchObject({ postedMicro: 99_994_000n })
    await billing.stop()
  })
})
