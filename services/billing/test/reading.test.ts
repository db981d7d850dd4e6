import { describe, expect, it } from 'vitest'

import { expireHolds } from '../src/background/expire-holds.ts'
import { id } from './ids.ts'
import {
  apiKeyId,
  credits,
  high,
  createJobFixture,
  low,
  model,
  ref,
  refusal,
  wallet,
} from './job-fixture.ts'
import { usageOf } from './usage-records.ts'

describe('one charge', () => {
  it('of a job that delivered after it was voided is free, and its loss is stored', async () => {
    const { billing, open, capture } = await createJobFixture()
    await open()
    await billing.voidHold({ ref, reason: 'cancelled' })
    await capture([high])
    expect(await billing.readCharge({ wallet, id: ref })).toMatchObject({
      state: 'free',
      chargedMicro: 0n,
      capturedMicro: 0n,
      releasedMicro: credits(32),
      lossMicro: credits(16),
      usage: { kind: 'images', pictures: [high] },
    })
  })

  it('of a failed job is free, with the held and the released amount', async () => {
    const { billing, open } = await createJobFixture()
    await open()
    await billing.voidHold({ ref, reason: 'failed' })
    expect(await billing.readCharge({ wallet, id: ref })).toMatchObject({
      state: 'free',
      usage: null,
      heldMicro: credits(32),
      releasedMicro: credits(32),
      entries: [{ kind: 'hold' }, { kind: 'release' }],
    })
  })

  it('of a running job is open, at the price of its hold', async () => {
    const { billing, open } = await createJobFixture()
    await open()
    expect(await billing.readCharge({ wallet, id: ref })).toMatchObject({
      state: 'open',
      price: { id: id('price', 1) },
      heldMicro: credits(32),
      settledAt: null,
      entries: [{ kind: 'hold' }],
    })
  })

  it('of a job whose hold expired has the late and the receivable amount', async () => {
    const { billing, clock, context, open, capture } = await createJobFixture(40)
    await open()
    await clock.advance(context.config.graceMs + 600_001)
    await expireHolds(context)
    const spent = id('img', 2)
    await open({ ref: spent })
    await capture([high, high])
    expect(await billing.readCharge({ wallet, id: ref })).toMatchObject({
      state: 'charged',
      chargedMicro: credits(32),
      capturedMicro: 0n,
      releasedMicro: credits(32),
      lateMicro: credits(8),
      receivableMicro: credits(24),
    })
  })

  it('of a call has its price, its reservation, and the entry of its batch', async () => {
    const { billing } = await createJobFixture()
    const allowanceId = id('alw', 1)
    await billing.openAllowance({
      allowanceId,
      wallet,
      edge: id('edge', 1),
      needMicro: 1n,
      wantMicro: credits(1),
      leaseMs: 60_000,
    })
    const records = [1, 2].map((number) =>
      usageOf({ number, allowanceId, output: 7, reservedMicro: 10_000n }),
    )
    await billing.captureUsage({ records })
    expect(await billing.readCharge({ wallet, id: id('req', 2) })).toMatchObject({
      kind: 'tokens',
      state: 'charged',
      chargedMicro: 7_000n,
      price: { id: id('price', 2) },
      heldMicro: 10_000n,
      releasedMicro: 3_000n,
      entries: [{ kind: 'capture', refType: 'usage', amountMicro: 14_000n }],
    })
  })

  it('with an unknown id is refused', async () => {
    const { billing } = await createJobFixture()
    expect(await refusal(billing.readCharge({ wallet, id: 'img_404' }))).toBe('not_found id')
  })
})

describe('reading charges', () => {
  it('page by page ends with a page without a next cursor', async () => {
    const { billing, open } = await createJobFixture(1_000)
    for (const number of [1, 2, 3]) await open({ ref: id('img', number) })
    const first = await billing.listCharges({ wallet, limit: 2 })
    expect(first.charges.map((charge) => charge.id)).toEqual([id('img', 3), id('img', 2)])
    expect(first.next).toEqual({ at: first.charges[1]?.at, id: id('img', 2) })
    const second = await billing.listCharges({ wallet, limit: 2, after: first.next ?? undefined })
    expect(second.charges.map((charge) => charge.id)).toEqual([id('img', 1)])
    expect(second.next).toBeNull()
  })

  it('refuses a time range with more rows than one response may have', async () => {
    const { billing, store, open, capture } = await createJobFixture()
    await open()
    await capture([low])
    const [row] = await store.readUsage({
      wallet,
      from: new Date(0),
      until: new Date('2027-01-01T00:00:00Z'),
      rowsMax: 1,
    })
    expect(row).toMatchObject({ model, pictures: 1 })
    const many = Array(5_001).fill(row)
    store.readUsage = async () => many
    const query = { wallet, from: new Date(0), until: new Date(), apiKeyId }
    expect(await refusal(billing.readUsage(query))).toBe('invalid_value from')
  })
})
