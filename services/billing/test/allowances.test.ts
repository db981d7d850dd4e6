import type { UsageRecord } from '@sluice/contracts/billing.contract'
import { sampleTokenPrice } from '@sluice/contracts/testing/sample-price'
import { isAppError } from '@sluice/kernel/app-error'
import { describe, expect, it } from 'vitest'

import { faultsOfLedger } from '../src/ledger/invariants.ts'
import { expireAllowances } from '../src/background/expire-allowances.ts'
import { id } from './ids.ts'
import { memoryLedger } from './ledgers.ts'
import { testBilling } from './test-billing.ts'
import { usageOf } from './usage-records.ts'

const wallet = id('wal', 1)
const edge = id('edge', 1)
const allowanceId = id('alw', 1)
const GRACE_MS = 600_000

async function setUp(grant = 1_000n) {
  const ledger = await memoryLedger()
  const installation = testBilling({ ledger, config: { graceMs: GRACE_MS } })
  const { billing } = installation
  await billing.grantCredits({ transferId: 'first-gift', wallet, amountMicro: grant, memo: '' })
  const open = (facts: Partial<Parameters<typeof billing.openAllowance>[0]> = {}) =>
    billing.openAllowance({
      allowanceId,
      wallet,
      edge,
      needMicro: 10n,
      wantMicro: 400n,
      leaseMs: 60_000,
      ...facts,
    })
  /** Ends the allowance as the background task does after the lease and the grace. */
  const expire = async () => {
    await installation.clock.advance(60_000 + GRACE_MS + 1)
    return expireAllowances(installation.context)
  }
  return {
    ...installation,
    open,
    expire,
    refused: ledger.store.readRefused,
    balance: () => billing.readBalance({ wallet }),
    expectConsistent: async () => expect(faultsOfLedger(await ledger.readLedger())).toEqual([]),
  }
}

const call = (number: number, output: number, facts: Partial<UsageRecord> = {}) => ({
  ...usageOf({ number, allowanceId, output }),
  ...facts,
})

describe('an allowance', () => {
  it('reserves the wanted amount until the end of the lease', async () => {
    const { clock, open, balance } = await setUp()
    const expiresAt = new Date(clock.nowMs() + 60_000)
    expect(await open()).toEqual({ outcome: 'opened', amountMicro: 400n, expiresAt })
    expect(await balance()).toMatchObject({ availableMicro: 600n, heldMicro: 400n })
  })

  it('leaves a fair share for the next edge, and all allowances never exceed the balance', async () => {
    const { open, balance, expectConsistent } = await setUp()
    const amounts: unknown[] = []
    for (const number of [1, 2, 3, 4]) {
      const result = await open({ allowanceId: id('alw', number), wantMicro: 10_000n })
      amounts.push(result.outcome === 'opened' ? result.amountMicro : result)
    }
    expect(amounts).toEqual([500n, 250n, 125n, 63n])
    expect(await balance()).toMatchObject({ availableMicro: 62n, heldMicro: 938n })
    await expectConsistent()
  })

  it('is refused below the need, with the required and the available amount', async () => {
    const { open } = await setUp(9n)
    expect(await open()).toEqual({ outcome: 'refused', requiredMicro: 10n, availableMicro: 9n })
  })

  it('is idempotent by its id, and refuses that id for another wallet or edge and after its end', async () => {
    const { billing, open } = await setUp()
    const codeOf = (promise: Promise<unknown>) =>
      promise.catch((error: unknown) => isAppError(error, 'invalid_value'))
    const first = await open()
    expect(await open({ wantMicro: 1n })).toEqual(first)
    expect(await codeOf(open({ wallet: id('wal', 2) }))).toBe(true)
    expect(await codeOf(open({ edge: id('edge', 2) }))).toBe(true)
    await billing.closeAllowance({ allowanceId })
    expect(await codeOf(open())).toBe(true)
  })

  it('is renewed by its edge and releases its remainder when it is closed', async () => {
    const { billing, clock, open, balance, expectConsistent } = await setUp()
    await open()
    await clock.advance(30_000)
    const expiresAt = new Date(clock.nowMs() + 60_000)
    const renewal = { edge, allowanceIds: [allowanceId, id('alw', 9)], leaseMs: 60_000 }
    expect(await billing.renewAllowances(renewal)).toEqual({ open: [{ allowanceId, expiresAt }] })
    await billing.captureUsage({ records: [usageOf({ number: 1, allowanceId, output: 0 })] })
    expect(await billing.closeAllowance({ allowanceId })).toEqual({ releasedMicro: 400n })
    expect(await billing.closeAllowance({ allowanceId })).toEqual({ releasedMicro: 400n })
    expect(await billing.renewAllowances(renewal)).toEqual({ open: [] })
    expect(await balance()).toMatchObject({ availableMicro: 1_000n, heldMicro: 0n })
    await expectConsistent()
  })

  it('that does not exist is closed without an effect', async () => {
    const { billing } = await setUp()
    expect(await billing.closeAllowance({ allowanceId })).toEqual({ releasedMicro: 0n })
  })

  it('of an edge that died is released only after its lease and the grace', async () => {
    const { context, clock, open, balance } = await setUp()
    await open()
    await clock.advance(60_000 + GRACE_MS)
    expect(await expireAllowances(context)).toBe(0)
    await clock.advance(1)
    expect(await expireAllowances(context)).toBe(1)
    expect(await balance()).toMatchObject({ availableMicro: 1_000n, heldMicro: 0n })
    expect(await expireAllowances(context)).toBe(0)
  })

  it('that its edge renews between the query and the lock stays open', async () => {
    const { billing, context, clock, open, balance } = await setUp()
    await open()
    await clock.advance(60_000 + GRACE_MS + 1)
    const { store } = context
    const racing = {
      ...store,
      listOverdue: async (query: Parameters<typeof store.listOverdue>[0]) => {
        const overdue = await store.listOverdue(query)
        await billing.renewAllowances({ edge, allowanceIds: [allowanceId], leaseMs: 60_000 })
        return overdue
      },
    }
    expect(await expireAllowances({ ...context, store: racing })).toBe(0)
    expect(await balance()).toMatchObject({ heldMicro: 400n })
  })
})

// An output token costs 1000 micro-credits, so these wallets are deliberately small.
describe('usage records', () => {
  const setUpOpened = async (grant = 1_000_000n) => {
    const installation = await setUp(grant)
    await installation.open({ wantMicro: 100_000n })
    return installation
  }

  it('are captured once, also when they are repeated within a batch or in another one', async () => {
    const { billing, balance, expectConsistent } = await setUpOpened()
    const first = await billing.captureUsage({ records: [call(1, 10), call(2, 5), call(1, 10)] })
    expect(first).toEqual({
      captured: 2,
      duplicates: 1,
      refused: 0,
      capturedMicro: 15_000n,
      receivableMicro: 0n,
    })
    const second = await billing.captureUsage({ records: [call(2, 5), call(3, 1)] })
    expect(second).toMatchObject({ captured: 1, duplicates: 1, capturedMicro: 1_000n })
    expect(await balance()).toMatchObject({ heldMicro: 84_000n, postedMicro: 984_000n })
    await expectConsistent()
  })

  it('of several allowances are captured from their own allowance', async () => {
    const { billing, open, ledger, expectConsistent } = await setUpOpened()
    const other = id('alw', 2)
    await open({ allowanceId: other, wantMicro: 50_000n })
    const records = [call(1, 10), usageOf({ number: 2, allowanceId: other, output: 20 })]
    await billing.captureUsage({ records })
    const { holds } = await ledger.readLedger()
    expect(holds.map(({ capturedMicro }) => capturedMicro)).toEqual([10_000n, 20_000n])
    await expectConsistent()
  })

  it('that arrive after the expiry are charged to the available balance', async () => {
    const { billing, expire, balance, expectConsistent } = await setUpOpened()
    expect(await expire()).toBe(1)
    const result = await billing.captureUsage({ records: [call(1, 10)] })
    expect(result).toMatchObject({ capturedMicro: 10_000n, receivableMicro: 0n })
    expect(await balance()).toMatchObject({ availableMicro: 990_000n, heldMicro: 0n })
    await expectConsistent()
  })

  it('that the balance does not cover become a receivable, and no balance is negative', async () => {
    const { billing, open, expire, balance, expectConsistent } = await setUpOpened(100_000n)
    await expire()
    await open({ allowanceId: id('alw', 2), needMicro: 95_000n, wantMicro: 95_000n })
    const other = id('alw', 3)
    await open({ allowanceId: other, needMicro: 0n, wantMicro: 0n })
    const records = [call(1, 4), usageOf({ number: 2, allowanceId: other, output: 4 })]
    const result = await billing.captureUsage({ records })
    expect(result).toMatchObject({ capturedMicro: 5_000n, receivableMicro: 3_000n })
    expect(await balance()).toMatchObject({ availableMicro: 0n, heldMicro: 95_000n })
    await expectConsistent()
  })

  it('of a failed call cost nothing, and the loss is counted', async () => {
    const { billing, ledger, metrics } = await setUpOpened()
    const failed = usageOf({ number: 1, allowanceId, output: 7, endState: 'failed' })
    expect(await billing.captureUsage({ records: [failed] })).toMatchObject({ capturedMicro: 0n })
    const { holds } = await ledger.readLedger()
    expect(holds[0]).toMatchObject({ capturedMicro: 0n, lossMicro: 7_000n })
    const { body } = await metrics.render()
    expect(body).toContain('kind="upstream_loss",service="billing"} 7000')
  })

  const wrongFields: [string, Partial<UsageRecord>, string][] = [
    ['another amount', { amountMicro: 9_999n }, 'the usage is rated 10000 + 0 loss'],
    ['another loss', { upstreamLossMicro: 1n }, 'the record has 10000 + 1 loss'],
    ['an unknown price', { priceId: id('price', 9) }, 'there is no price'],
    ['a price of another kind', { priceId: id('price', 1) }, 'has another kind'],
    ['an unknown allowance', { allowanceId: id('alw', 9) }, 'allowance does not exist'],
    ["another wallet's allowance", { wallet: id('wal', 2) }, 'belongs to another wallet'],
  ]
  it.each(wrongFields)('with %s are stored as refused, logged and not charged', async (...row) => {
    const [, wrong, reason] = row
    const { billing, refused, log, balance, expectConsistent } = await setUpOpened()
    const records = [call(1, 10, wrong), call(2, 1)]
    const result = await billing.captureUsage({ records })
    expect(result).toMatchObject({ captured: 1, refused: 1, capturedMicro: 1_000n })
    expect(await refused()).toEqual([
      { record: records[0], reason: expect.stringContaining(reason) },
    ])
    const alarms = log.lines.filter(({ level }) => level === 'error')
    expect(alarms.map(({ facts }) => facts['requestId'])).toEqual([id('req', 1)])
    expect(await balance()).toMatchObject({ postedMicro: 999_000n })
    await expectConsistent()
  })

  it('charged at a price that another replica has just added are accepted', async () => {
    const { billing, ledger, clock, balance } = await setUpOpened()
    await billing.captureUsage({ records: [call(1, 1)] })
    const priceId = id('price', 77)
    const price = sampleTokenPrice({ outputMicroPerMillion: 2_000_000n })
    const row = { id: priceId, model: 'gpt-5', effectiveAt: clock.now(), price }
    await ledger.store.inTransaction((tx) => tx.addPrice(row, clock.now()))
    const record = call(2, 10, { priceId, amountMicro: 20n })
    expect(await billing.captureUsage({ records: [record] })).toMatchObject({ captured: 1 })
    expect(await balance()).toMatchObject({ postedMicro: 998_980n })
  })
})
