import { describe, expect, it } from 'vitest'

import { auditLedger } from '../src/background/audit-ledger.ts'
import { expireHolds } from '../src/background/expire-holds.ts'
import { sealLedger } from '../src/background/seal-ledger.ts'
import { id } from './ids.ts'
import { memoryLedger } from './ledgers.ts'
import { testBilling } from './test-billing.ts'

const wallet = id('wal', 1)
const apiKeyId = id('key', 1)
const model = 'gpt-image-1'
const low = { width: 1024, height: 1024, quality: 'low' } as const
const GRACE_MS = 600_000

async function setUp(jobs = 1) {
  const ledger = await memoryLedger()
  const installation = testBilling({ ledger, config: { graceMs: GRACE_MS } })
  const { billing, clock } = installation
  const amountMicro = 500_000_000n
  await billing.grantCredits({ transferId: 'first-gift', wallet, amountMicro, memo: '' })
  for (let number = 1; number <= jobs; number += 1) {
    await billing.openHold({
      wallet,
      ref: id('img', number),
      model,
      worstCase: { kind: 'images', pictures: [low] },
      expiresAt: new Date(clock.nowMs() + 60_000),
    })
  }
  return { ...installation, balance: () => billing.readBalance({ wallet }) }
}

describe('a hold past its expiry', () => {
  it('stays open until the grace is over', async () => {
    const { context, clock } = await setUp()
    await clock.advance(60_000 + GRACE_MS)
    expect(await expireHolds(context)).toEqual({ expired: 0, settled: 0, running: 0 })
  })

  it('is released when its job does not exist', async () => {
    const { context, clock, balance } = await setUp()
    await clock.advance(60_000 + GRACE_MS + 1)
    expect(await expireHolds(context)).toEqual({ expired: 1, settled: 0, running: 0 })
    expect(await balance()).toMatchObject({ heldMicro: 0n, availableMicro: 500_000_000n })
    expect(await expireHolds(context)).toEqual({ expired: 0, settled: 0, running: 0 })
  })

  it('stays open while its job runs, and a warning is logged', async () => {
    const { context, clock, ledger, log, balance } = await setUp()
    ledger.jobs.set(id('img', 1), 'running')
    await clock.advance(60_000 + GRACE_MS + 1)
    expect(await expireHolds(context)).toEqual({ expired: 0, settled: 0, running: 1 })
    expect(await balance()).toMatchObject({ heldMicro: 1_000_000n })
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'warn' }))
  })

  it('is charged for the stored pictures when every event of its end was lost', async () => {
    const { context, clock, ledger, balance } = await setUp(2)
    const job = { wallet, apiKeyId, model }
    ledger.jobs.set(id('img', 1), { ...job, state: 'done', pictures: [low] })
    ledger.jobs.set(id('img', 2), { ...job, state: 'failed', pictures: [] })
    for (const number of [1, 2]) await ledger.enqueueJobEnded(id('img', number))
    await clock.advance(60_000 + GRACE_MS + 1)
    expect(await expireHolds(context)).toEqual({ expired: 0, settled: 2, running: 0 })
    expect(await balance()).toMatchObject({ heldMicro: 0n, availableMicro: 499_000_000n })
    expect(await ledger.readOutbox()).toEqual([])
  })

  it('is reached even when many older ones cannot be ended', async () => {
    const { context, clock, ledger } = await setUp(250)
    for (let number = 1; number <= 249; number += 1) ledger.jobs.set(id('img', number), 'running')
    await clock.advance(60_000 + GRACE_MS + 1)
    expect(await expireHolds(context)).toEqual({ expired: 1, settled: 0, running: 249 })
  })
})

describe('sealing', () => {
  it('writes the hash of each block into the log, outside the database', async () => {
    const { context, log } = await setUp()
    expect(await sealLedger(context)).toBe(1)
    expect(await sealLedger(context)).toBe(0)
    const line = log.lines.find(({ message }) => message === 'the ledger was sealed')
    expect(line?.facts).toMatchObject({
      number: '1',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })
})

describe('an audit', () => {
  it('has no findings for a consistent ledger, and logs how many rows it checked', async () => {
    const { context, log } = await setUp()
    const report = await auditLedger(context)
    expect(report.findings).toEqual([])
    expect(log.lines.at(-1)).toMatchObject({ level: 'info', facts: { holds: 1, findings: 0 } })
  })
})

describe('the background tasks', () => {
  it('continue after a failure, and stop with the module', async () => {
    const { billing, clock, store, log, balance } = await setUp()
    await billing.start()
    store.crashAt('before-commit')
    await clock.advance(60_000 + GRACE_MS + 30_001)
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'the background task failed; it will be retried',
      }),
    )
    await clock.advance(30_000)
    expect(await balance()).toMatchObject({ heldMicro: 0n })
    await billing.stop()
  })
})
