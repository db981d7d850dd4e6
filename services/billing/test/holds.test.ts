import { sampleImagePrice } from '@sluice/contracts/testing/sample-price'
import { describe, expect, it } from 'vitest'

import { endHold } from '../src/ledger/hold.ts'
import { expireHolds } from '../src/background/expire-holds.ts'
import { settleJobs } from '../src/methods/settle-jobs.ts'
import { settleJob } from './settle-one.ts'
import { id } from './ids.ts'
import {
  apiKeyId,
  credits,
  high,
  createJobFixture as setUp,
  low,
  model,
  ref,
  refusal,
  wallet,
} from './job-fixture.ts'
import { memoryLedger } from './ledgers.ts'
import { testBilling } from './test-billing.ts'

/** Twice the pixels of the price's step, so it costs that step twice. */
const wide = { ...low, width: 2048 }

describe('opening a hold', () => {
  it('reserves the worst case at the current price, and returns the id of the price', async () => {
    const { open, balance } = await setUp()
    expect(await open()).toEqual({
      outcome: 'opened',
      holdId: expect.stringMatching(/^hold_/),
      amountMicro: credits(32),
      priceId: id('price', 1),
      fresh: true,
    })
    expect(await balance()).toMatchObject({ heldMicro: credits(32), availableMicro: credits(68) })
  })

  it('returns the same hold for the same ref, at the price it was opened with', async () => {
    const { billing, clock, open } = await setUp()
    const first = await open()
    const price = sampleImagePrice({ quality: 'low', microPerImage: 1n })
    await billing.addPrice({ row: { model, effectiveAt: clock.now(), price } })
    expect(await open()).toEqual({ ...first, fresh: false })
    expect(await open({ ref: id('img', 2) })).toMatchObject({ amountMicro: 2n, fresh: true })
  })

  it('is refused when the balance is too low, with the required and the available amount', async () => {
    const { open } = await setUp(31)
    expect(await open()).toEqual({
      outcome: 'refused',
      requiredMicro: credits(32),
      availableMicro: credits(31),
    })
  })

  it('returns unpriced when the model has no price', async () => {
    const { open } = await setUp()
    const before = new Date('2025-01-01T00:00:00.000Z')
    const installation = testBilling({ ledger: await memoryLedger() })
    await installation.clock.advance(before.getTime() - installation.clock.nowMs())
    const worstCase = { kind: 'images' as const, pictures: [low] }
    const request = { wallet, ref, model, worstCase, expiresAt: installation.clock.now() }
    expect(await installation.billing.openHold(request)).toEqual({ outcome: 'unpriced' })
    expect((await open()).outcome).toBe('opened')
  })

  it('returns ended for a job whose hold has ended', async () => {
    const { billing, open } = await setUp()
    await open()
    await billing.voidHold({ ref, reason: 'the caller left' })
    expect(await open()).toMatchObject({ outcome: 'ended' })
  })

  it('is refused for a job with a hold of another wallet or model', async () => {
    const { open } = await setUp()
    await open()
    expect(await refusal(open({ wallet: id('wal', 2) }))).toBe('invalid_value ref')
    expect(await refusal(open({ model: 'other' }))).toBe('invalid_value ref')
  })
})

describe('capturing a hold', () => {
  it('charges the usage once, also when it is repeated, and releases the rest', async () => {
    const { open, capture, balance } = await setUp()
    await open()
    const first = await capture([low, high])
    expect(first).toMatchObject({
      capturedMicro: credits(17),
      releasedMicro: credits(15),
      upstreamLossMicro: 0n,
      fresh: true,
    })
    expect(await capture([low, high])).toEqual({ ...first, fresh: false })
    expect(await balance()).toMatchObject({ heldMicro: 0n, availableMicro: credits(83) })
  })

  it('refuses to charge the same job for another usage', async () => {
    const { open, capture, balance } = await setUp()
    await open()
    await capture([low])
    expect(await refusal(capture([high]))).toBe('invalid_value usage')
    expect(await balance()).toMatchObject({ availableMicro: credits(99) })
  })

  it('never charges above the hold; the difference is upstream loss', async () => {
    const { open, capture } = await setUp()
    await open({ worstCase: { kind: 'images', pictures: [low] } })
    expect(await capture([high])).toMatchObject({
      capturedMicro: credits(1),
      upstreamLossMicro: credits(15),
    })
  })

  it('refuses a job that never had a hold, and a model that is not that of the hold', async () => {
    const { open, capture } = await setUp()
    await open()
    expect(await refusal(capture([low], { ref: id('img', 9) }))).toBe('not_found ref')
    expect(await refusal(capture([low], { model: 'other' }))).toBe('invalid_value model')
  })
})

describe('an ended job', () => {
  it('is charged for its stored pictures, and its outbox row is deleted', async () => {
    const { open, end, context, ledger, balance } = await setUp()
    await open()
    await end('done', [low, low])
    expect(await settleJob(context, { jobId: ref })).toBe('capture')
    expect(await balance()).toMatchObject({ heldMicro: 0n, availableMicro: credits(98) })
    expect(await ledger.readOutbox()).toEqual([])
  })

  it.each(['failed', 'cancelled'] as const)('that is %s is not charged', async (state) => {
    const { open, end, context, balance } = await setUp()
    await open()
    await end(state, [])
    expect(await settleJob(context, { jobId: ref })).toBe('void')
    expect(await settleJob(context, { jobId: ref })).toBe('repeat')
    expect(await balance()).toMatchObject({ heldMicro: 0n, availableMicro: credits(100) })
  })

  it('is settled once after repeated events, and not before it ended', async () => {
    const { open, end, context, ledger, balance } = await setUp()
    await open()
    expect(await settleJob(context, { jobId: ref })).toBe('not-ended')
    ledger.jobs.set(ref, 'running')
    await ledger.enqueueJobEnded(ref)
    expect(await settleJob(context, { jobId: ref })).toBe('not-ended')
    expect(await ledger.readOutbox()).toEqual([ref])
    await end('done')
    expect(await settleJob(context, { jobId: ref })).toBe('capture')
    expect(await settleJob(context, { jobId: ref })).toBe('repeat')
    expect(await balance()).toMatchObject({ availableMicro: credits(99) })
  })

  it('whose hold expired is charged to the available balance', async () => {
    const { billing, open, context, ledger, balance } = await setUp(32)
    await open()
    await ledger.store.inTransaction(async (tx) => {
      const hold = await tx.lockHold({ purpose: 'job', ref })
      if (!hold) throw new Error('it was opened')
      const ended = endHold({ hold, state: 'expired', at: context.clock.now() })
      await tx.post({ holds: [ended.hold], transfers: ended.transfers })
    })
    const other = { wallet, ref: id('img', 2), model, expiresAt: context.clock.now() }
    const worstCase = { kind: 'images' as const, pictures: [high, high] }
    await billing.openHold({ ...other, worstCase })
    ledger.jobs.set(ref, { state: 'done', wallet, apiKeyId, model, pictures: [low, low] })
    expect(await settleJob(context, { jobId: ref })).toBe('capture')
    // The whole balance is held by the other job, so the charge becomes a receivable.
    expect(await balance()).toMatchObject({ availableMicro: 0n, heldMicro: credits(32) })
    const { entries } = await billing.listEntries({ wallet, limit: 1 })
    expect(entries[0]).toMatchObject({ kind: 'receivable', amountMicro: credits(2), refId: ref })
  })

  it('is charged to the balance that remains after another late job of the same transaction', async () => {
    const { billing, context, ledger, clock, balance } = await setUp(3)
    const refs = [id('img', 1), id('img', 2)]
    const worstCase = { kind: 'images' as const, pictures: [low] }
    for (const ref of refs) {
      await billing.openHold({ wallet, ref, model, worstCase, expiresAt: clock.now() })
    }
    await clock.advance(86_400_000)
    expect(await expireHolds(context)).toMatchObject({ expired: 2 })
    const third = { wallet, ref: id('img', 3), model, expiresAt: clock.now() }
    await billing.openHold({ ...third, worstCase: { kind: 'images', pictures: [wide] } })
    for (const ref of refs) {
      ledger.jobs.set(ref, { state: 'done', wallet, apiKeyId, model, pictures: [low] })
    }
    const settled = await settleJobs(context, { jobIds: refs })
    expect(settled.map(({ hold }) => [hold?.lateMicro, hold?.receivableMicro])).toEqual([
      [credits(1), 0n],
      [0n, credits(1)],
    ])
    expect(await balance()).toMatchObject({ availableMicro: 0n, heldMicro: credits(2) })
  })

  it('that was voided before is not charged, and the loss is logged', async () => {
    const { billing, open, end, context, log, balance } = await setUp()
    await open()
    await billing.voidHold({ ref, reason: 'the submit failed' })
    await end('done')
    await settleJob(context, { jobId: ref })
    expect(await balance()).toMatchObject({ availableMicro: credits(100) })
    const message = 'a job cost more upstream than its hold'
    expect(log.lines).toContainEqual(expect.objectContaining({ message }))
  })

  it('that never had a hold is logged as an error', async () => {
    const { end, context, log } = await setUp()
    await end('done')
    expect(await settleJob(context, { jobId: ref })).toBe('unheld')
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'error' }))
  })
})

describe('voiding a hold', () => {
  it('releases its amount once, and releases nothing for a job without a hold', async () => {
    const { billing, open, ledger, balance } = await setUp()
    await open()
    await ledger.enqueueJobEnded(ref)
    const reason = 'nothing was generated'
    expect(await billing.voidHold({ ref, reason })).toEqual({ releasedMicro: credits(32) })
    expect(await billing.voidHold({ ref, reason })).toEqual({ releasedMicro: credits(32) })
    expect(await billing.voidHold({ ref: id('img', 9), reason })).toEqual({ releasedMicro: 0n })
    expect(await balance()).toMatchObject({ availableMicro: credits(100), heldMicro: 0n })
    expect(await ledger.readOutbox()).toEqual([])
  })

  it('does not undo a capture', async () => {
    const { billing, open, capture, balance } = await setUp()
    await open()
    await capture([high])
    expect(await billing.voidHold({ ref, reason: 'late' })).toEqual({ releasedMicro: credits(16) })
    expect(await balance()).toMatchObject({ availableMicro: credits(84) })
  })
})
