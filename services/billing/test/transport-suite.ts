import type { Billing } from '@sluice/contracts/billing.contract'
import { sampleTokenPrice } from '@sluice/contracts/testing/sample-price'
import { afterEach, beforeEach, expect, it } from 'vitest'

import type { BillingModule } from '../src/module.ts'
import { id } from './ids.ts'
import { memoryLedger } from './ledgers.ts'
import type { TestBilling } from './test-billing.ts'
import { testBilling } from './test-billing.ts'
import { usageOf } from './usage-records.ts'

/** A transport to the module: direct calls, or a bus. */
export interface Transport {
  port: Billing
  close(): Promise<void>
}

const wallet = id('wal', 1)
const ref = id('img', 1)
const edge = id('edge', 1)
const allowanceId = id('alw', 1)
const model = 'gpt-image-1'
const low = { width: 1024, height: 1024, quality: 'low' } as const
const images = { kind: 'images' as const, pictures: [low] }

/** Every method of the contract behaves the same over every transport. */
export function transportSuite(open: (billing: BillingModule) => Promise<Transport>): void {
  let installation: TestBilling
  let transport: Transport
  let port: Billing
  beforeEach(async () => {
    installation = testBilling({ ledger: await memoryLedger() })
    transport = await open(installation.billing)
    port = transport.port
    const gift = { transferId: 'first-gift', wallet, amountMicro: 50_000_000n, memo: 'welcome' }
    await port.grantCredits(gift)
  })
  afterEach(() => transport.close())

  const inMs = (ms: number) => new Date(installation.clock.nowMs() + ms)
  const openHold = (pictures = [low, low]) =>
    port.openHold({
      wallet,
      ref,
      model,
      worstCase: { kind: 'images', pictures },
      expiresAt: inMs(60_000),
    })

  it('openHold, captureHold, refundCapture: a job is charged with exact amounts', async () => {
    const opened = await openHold()
    expect(opened).toMatchObject({ outcome: 'opened', amountMicro: 2_000_000n, fresh: true })
    const capture = {
      ref,
      usage: images,
      source: 'upstream',
      apiKeyId: id('key', 1),
      model,
    } as const
    expect(await port.captureHold(capture)).toMatchObject({
      capturedMicro: 1_000_000n,
      releasedMicro: 1_000_000n,
      upstreamLossMicro: 0n,
      fresh: true,
    })
    const refund = { transferId: 'refund-0001', ref, amountMicro: 600_000n, memo: 'sorry' }
    expect(await port.refundCapture(refund)).toMatchObject({
      outcome: 'refunded',
      balance: { availableMicro: 49_600_000n, heldMicro: 0n, postedMicro: 49_600_000n },
    })
    const more = { ...refund, transferId: 'refund-0002' }
    expect(await port.refundCapture(more)).toEqual({
      outcome: 'too-much',
      refundableMicro: 400_000n,
    })
  })

  it('openHold, voidHold: a refused hold and a released hold', async () => {
    const high = { ...low, quality: 'high' as const }
    expect(
      await port.openHold({
        wallet,
        ref,
        model,
        worstCase: { kind: 'images', pictures: [high, high, high, high] },
        expiresAt: inMs(60_000),
      }),
    ).toEqual({
      outcome: 'refused',
      requiredMicro: 64_000_000n,
      availableMicro: 50_000_000n,
    })
    await openHold()
    const reason = 'the caller left'
    expect(await port.voidHold({ ref, reason })).toEqual({ releasedMicro: 2_000_000n })
    expect(await openHold()).toMatchObject({ outcome: 'ended' })
  })

  it('openAllowance, renewAllowances, closeAllowance: times are Date objects', async () => {
    const amounts = { needMicro: 1n, wantMicro: 10_000_000n, leaseMs: 60_000 }
    expect(await port.openAllowance({ allowanceId, wallet, edge, ...amounts })).toEqual({
      outcome: 'opened',
      amountMicro: 10_000_000n,
      expiresAt: inMs(60_000),
    })
    const renewal = { edge, allowanceIds: [allowanceId], leaseMs: 90_000 }
    expect(await port.renewAllowances(renewal)).toEqual({
      open: [{ allowanceId, expiresAt: inMs(90_000) }],
    })
    expect(await port.closeAllowance({ allowanceId })).toEqual({ releasedMicro: 10_000_000n })
  })

  it('captureUsage: a whole batch, and its duplicates', async () => {
    const amounts = { needMicro: 1n, wantMicro: 10_000_000n, leaseMs: 60_000 }
    await port.openAllowance({ allowanceId, wallet, edge, ...amounts })
    const records = [1, 2, 3].map((number) => usageOf({ number, allowanceId, output: number }))
    const counted = { captured: 3, duplicates: 0, refused: 0, receivableMicro: 0n }
    expect(await port.captureUsage({ records })).toEqual({ ...counted, capturedMicro: 6_000n })
    const again = await port.captureUsage({ records })
    expect(again).toMatchObject({ captured: 0, duplicates: 3, capturedMicro: 0n })
  })

  it('readBalance, listEntries: entries by cursor', async () => {
    await openHold()
    expect(await port.readBalance({ wallet })).toEqual({
      postedMicro: 50_000_000n,
      heldMicro: 2_000_000n,
      availableMicro: 48_000_000n,
    })
    const first = await port.listEntries({ wallet, limit: 1 })
    expect(first.entries).toMatchObject([{ kind: 'hold', seq: 2n, createdAt: inMs(0) }])
    expect(first.next).toBe(2n)
    const second = await port.listEntries({ wallet, before: 2n, limit: 1 })
    expect(second).toMatchObject({ entries: [{ kind: 'grant', memo: 'welcome' }], next: null })
  })

  it('readSettlements: open jobs and charged amounts', async () => {
    await openHold()
    const refs = [ref, id('img', 9)]
    expect(await port.readSettlements({ refs })).toEqual({ settled: [], open: [ref] })
    await port.voidHold({ ref, reason: 'given up' })
    const settled = [{ ref, chargedMicro: 0n }]
    expect(await port.readSettlements({ refs })).toEqual({ settled, open: [] })
  })

  it('readUsage, listCharges, readCharge, readTotals: charges with their days and times', async () => {
    await openHold()
    const capture = {
      ref,
      usage: images,
      source: 'upstream',
      apiKeyId: id('key', 1),
      model,
    } as const
    await port.captureHold(capture)
    const [from, until] = [inMs(-1), inMs(1)]
    expect(await port.readUsage({ wallet, from, until })).toEqual({
      rows: [
        {
          day: '2026-06-01',
          model,
          calls: 1,
          inputTokens: 0,
          outputTokens: 0,
          pictures: 1,
          chargedMicro: 1_000_000n,
        },
      ],
    })
    const facts = { id: ref, kind: 'images', model, state: 'charged', at: inMs(0) } as const
    const listed = await port.listCharges({ wallet, from, until, limit: 1 })
    expect(listed).toMatchObject({ charges: [{ ...facts, chargedMicro: 1_000_000n }], next: null })
    const after = { at: inMs(0), id: ref }
    expect((await port.listCharges({ wallet, after, limit: 1 })).charges).toEqual([])
    expect(await port.readCharge({ wallet, id: ref })).toMatchObject({
      ...facts,
      usage: images,
      price: { id: id('price', 1), effectiveAt: new Date('2026-01-01T00:00:00.000Z') },
      heldMicro: 2_000_000n,
      capturedMicro: 1_000_000n,
      releasedMicro: 1_000_000n,
      openedAt: inMs(0),
      entries: [{ kind: 'hold' }, { kind: 'capture' }, { kind: 'release' }],
    })
    const other = port.readCharge({ wallet: id('wal', 2), id: ref })
    await expect(other).rejects.toMatchObject({ code: 'not_found' })
    expect(await port.readTotals({})).toEqual({
      chargedTodayMicro: 1_000_000n,
      heldMicro: 0n,
      availableMicro: 49_000_000n,
      findings: null,
    })
  })

  it('readBalances: many wallets in the requested order, zeros for unknown ones', async () => {
    await openHold()
    const wallets = [id('wal', 9), wallet]
    expect(await port.readBalances({ wallets })).toEqual({
      balances: [
        { wallet: id('wal', 9), postedMicro: 0n, heldMicro: 0n, availableMicro: 0n },
        { wallet, ...(await port.readBalance({ wallet })) },
      ],
    })
    expect(await port.readBalances({ wallets: [] })).toEqual({ balances: [] })
  })

  it('addPrice, readPrices: an added price is read', async () => {
    const price = sampleTokenPrice({ inputMicroPerMillion: 99_999_999_999n })
    const row = { model: 'gpt-5', effectiveAt: inMs(5_000), price }
    const added = await port.addPrice({ row })
    expect((await port.readPrices({})).rows).toContainEqual({ ...row, ...added })
  })

  it('an error has the same code and parameter', async () => {
    await openHold()
    const other = { wallet: id('wal', 2), ref, model, worstCase: images, expiresAt: inMs(1) }
    const failure = { code: 'invalid_value', param: 'ref', retryable: false }
    await expect(port.openHold(other)).rejects.toMatchObject(failure)
    const unknown = { transferId: 'refund-0001', ref: id('img', 9), amountMicro: 1n, memo: '' }
    await expect(port.refundCapture(unknown)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('grantCredits: a repeat succeeds, and a repeat with other values is refused', async () => {
    const gift = { transferId: 'first-gift', wallet, amountMicro: 50_000_000n, memo: 'welcome' }
    expect(await port.grantCredits(gift)).toMatchObject({ fresh: false })
    const other = { ...gift, amountMicro: 1n }
    await expect(port.grantCredits(other)).rejects.toMatchObject({ code: 'invalid_value' })
  })

  it('a call with an aborted signal is not executed', async () => {
    const signal = AbortSignal.abort(new Error('aborted'))
    const gift = { transferId: 'second-gift', wallet, amountMicro: 1n, memo: '' }
    await expect(port.grantCredits(gift, { signal })).rejects.toThrow('aborted')
    expect(await installation.billing.readBalance({ wallet })).toMatchObject({
      availableMicro: 50_000_000n,
    })
  })
}
