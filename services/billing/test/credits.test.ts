import { describe, expect, it } from 'vitest'

import { id } from './ids.ts'
import { credits, high, createJobFixture as setUp, ref, refusal, wallet } from './job-fixture.ts'

describe('a refund', () => {
  const memo = 'a bad picture'

  it('adds one new entry per transfer id', async () => {
    const { billing, open, capture, balance } = await setUp()
    await open()
    await capture([high])
    const refund = { transferId: 'refund-0001', ref, amountMicro: credits(5), memo }
    expect(await billing.refundCapture(refund)).toMatchObject({ outcome: 'refunded', fresh: true })
    expect(await billing.refundCapture(refund)).toMatchObject({ outcome: 'refunded', fresh: false })
    expect(await balance()).toMatchObject({ availableMicro: credits(89) })
    const other = { ...refund, amountMicro: credits(6) }
    expect(await refusal(billing.refundCapture(other))).toBe('invalid_value transferId')
  })

  it('is never more than the paid amount, also in parts', async () => {
    const { billing, open, capture } = await setUp()
    await open()
    await capture([high])
    const refund = (transferId: string, amount: number) =>
      billing.refundCapture({ transferId, ref, amountMicro: credits(amount), memo })
    expect(await refund('refund-0001', 10)).toMatchObject({ outcome: 'refunded' })
    expect(await refund('refund-0002', 7)).toEqual({
      outcome: 'too-much',
      refundableMicro: credits(6),
    })
    expect(await refund('refund-0003', 6)).toMatchObject({ outcome: 'refunded' })
    expect(await refund('refund-0004', 1)).toMatchObject({ outcome: 'too-much' })
  })

  it('of a ref without a hold is refused', async () => {
    const { billing } = await setUp()
    const refund = { transferId: 'refund-0001', ref, amountMicro: 1n, memo }
    expect(await refusal(billing.refundCapture(refund))).toBe('not_found ref')
  })
})

describe('a grant', () => {
  it('is posted once per transfer id, and other values with that id are refused', async () => {
    const { billing } = await setUp()
    const grant = { transferId: 'gift-0001', wallet, amountMicro: credits(5), memo: 'thanks' }
    expect(await billing.grantCredits(grant)).toMatchObject({
      balance: { availableMicro: credits(105) },
      fresh: true,
    })
    expect(await billing.grantCredits(grant)).toMatchObject({
      balance: { availableMicro: credits(105) },
      fresh: false,
    })
    const forAnother = { ...grant, wallet: id('wal', 2) }
    expect(await refusal(billing.grantCredits(forAnother))).toBe('invalid_value transferId')
    const more = { ...grant, amountMicro: credits(6) }
    expect(await refusal(billing.grantCredits(more))).toBe('invalid_value transferId')
    const otherwise = { ...grant, memo: 'no thanks' }
    expect(await refusal(billing.grantCredits(otherwise))).toBe('invalid_value transferId')
  })

  it('stores the id of the user who granted it', async () => {
    const { billing } = await setUp()
    const givenBy = id('usr', 1)
    const grant = { transferId: 'gift-0001', wallet, amountMicro: credits(5), memo: 'thanks' }
    await billing.grantCredits({ ...grant, givenBy })
    const { entries } = await billing.listEntries({ wallet, limit: 1 })
    expect(entries).toMatchObject([{ memo: 'thanks', refType: 'person', refId: givenBy }])
  })
})

describe('a statement', () => {
  it('is read page by page to its end', async () => {
    const { billing, open, capture } = await setUp()
    await open()
    await capture([high])
    const first = await billing.listEntries({ wallet, limit: 3 })
    expect(first.entries.map(({ kind }) => kind)).toEqual(['release', 'capture', 'hold'])
    const { next } = first
    if (next === null) throw new Error('there is no second page')
    const second = await billing.listEntries({ wallet, before: next, limit: 3 })
    expect(second.entries.map(({ kind }) => kind)).toEqual(['grant'])
    expect(second.next).toBeNull()
  })
})
