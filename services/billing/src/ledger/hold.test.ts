import type { Usage } from '@sluice/contracts/usage'
import { describe, expect, it } from 'vitest'

import { captureCalls, captureJob, needsAvailable } from './charge.ts'
import type { Hold } from './hold.ts'
import { endHold, openedHold, refundableOf, refundHold, remainderOf, voidJob } from './hold.ts'
import { faultOfHold } from './invariants.ts'
import { legsOf } from './transfer.ts'

const at = new Date('2026-06-01T12:00:00.000Z')
const later = new Date('2026-06-01T12:10:00.000Z')
const usage: Usage = { kind: 'images', pictures: [] }
const facts = { id: 'h', wallet: 'w', ref: 'h', expiresAt: later, openedAt: at }
const job = openedHold({
  ...facts,
  purpose: 'job',
  ref: 'j',
  edge: null,
  model: 'm',
  priceId: 'p',
  amountMicro: 100n,
}).hold
const allowance = openedHold({
  ...facts,
  purpose: 'allowance',
  edge: 'e',
  model: null,
  priceId: null,
  amountMicro: 100n,
}).hold
const expired = endHold({ hold: job, state: 'expired', at }).hold

const capture = (hold: Hold, ratedMicro: bigint, availableMicro = 0n) =>
  captureJob({ hold, usage, source: 'upstream', apiKeyId: 'k', ratedMicro, availableMicro, at })

const amounts = (transfers: { kind: string; debitAccount: string; amountMicro: bigint }[]) =>
  transfers.map((one) => `${one.kind} from ${one.debitAccount} ${one.amountMicro}`)

describe('a job', () => {
  it('is charged for its usage, and the rest of its hold is released', () => {
    const { hold, transfers } = capture(job, 60n)
    expect(amounts(transfers)).toEqual(['capture from held:w 60', 'release from held:w 40'])
    expect(hold).toMatchObject({ state: 'captured', capturedMicro: 60n, releasedMicro: 40n })
    expect(faultOfHold(hold)).toBeUndefined()
  })

  it('is never charged more than its hold; the difference is loss', () => {
    const { hold, transfers } = capture(job, 130n)
    expect(amounts(transfers)).toEqual(['capture from held:w 100'])
    expect(hold).toMatchObject({ capturedMicro: 100n, releasedMicro: 0n, lossMicro: 30n })
  })

  it('that delivered nothing is charged nothing, without a transfer of zero', () => {
    const { hold, transfers } = capture(job, 0n)
    expect(amounts(transfers)).toEqual(['release from held:w 100'])
    expect(hold).toMatchObject({ state: 'captured', capturedMicro: 0n })
  })

  it('whose hold expired is charged to the available balance, and the rest becomes a receivable', () => {
    const { hold, transfers } = capture(expired, 60n, 45n)
    expect(amounts(transfers)).toEqual([
      'capture from available:w 45',
      'receivable from receivable:w 15',
    ])
    expect(hold).toMatchObject({ state: 'expired', lateMicro: 45n, receivableMicro: 15n })
    expect(faultOfHold(hold)).toBeUndefined()
  })

  it('whose hold expired is charged at most the amount of that hold', () => {
    const { hold } = capture(expired, 160n, 1_000n)
    expect(hold).toMatchObject({ lateMicro: 100n, receivableMicro: 0n, lossMicro: 60n })
  })

  it('whose hold was voided is not charged; all of its usage is loss', () => {
    const voided = voidJob({ hold: job, at }).hold
    const { hold, transfers } = capture(voided, 60n, 1_000n)
    expect(transfers).toEqual([])
    expect(hold).toMatchObject({ state: 'voided', lossMicro: 60n })
  })

  it('is charged once; a second charge fails an assertion', () => {
    expect(() => capture(capture(job, 1n).hold, 1n)).toThrow('charged once')
  })

  it('that is voided after its expiry is settled without a transfer', () => {
    const { hold, transfers } = voidJob({ hold: expired, at: later })
    expect(transfers).toEqual([])
    expect(hold).toMatchObject({ state: 'expired', settledAt: later })
  })
})

describe('an allowance', () => {
  const charge = (hold: Hold, dueMicro: bigint, availableMicro = 0n) =>
    captureCalls({ hold, dueMicro, lossMicro: 0n, availableMicro, postingId: 'post', at })

  it('is charged while its remainder is enough, and needs the available balance otherwise', () => {
    const { hold, transfers } = charge(allowance, 100n)
    expect(amounts(transfers)).toEqual(['capture from held:w 100'])
    expect(remainderOf(hold)).toBe(0n)
    expect(needsAvailable({ hold: allowance, dueMicro: 100n })).toBe(false)
    expect(needsAvailable({ hold: allowance, dueMicro: 101n })).toBe(true)
    expect(needsAvailable({ hold: { ...allowance, state: 'expired' }, dueMicro: 1n })).toBe(true)
  })

  it('charges the excess to the available balance and then as a receivable', () => {
    const { hold, transfers } = charge(allowance, 130n, 20n)
    expect(amounts(transfers)).toEqual([
      'capture from held:w 100',
      'capture from available:w 20',
      'receivable from receivable:w 10',
    ])
    expect(hold).toMatchObject({ capturedMicro: 100n, lateMicro: 20n, receivableMicro: 10n })
  })

  it('names the posting in every transfer, so that records and transfers can be compared', () => {
    const { transfers } = charge(allowance, 130n, 20n)
    expect(transfers.map(({ refType, refId }) => `${refType} ${refId}`)).toEqual(
      Array.from({ length: 3 }, () => 'usage post'),
    )
    expect(new Set(transfers.map(({ id }) => id)).size).toBe(3)
  })
})

describe('a refund', () => {
  const paid = capture(job, 60n).hold

  it('is a new entry in the other direction, and reduces the refundable amount', () => {
    const { hold, transfers } = refundHold({
      hold: paid,
      amountMicro: 25n,
      transferId: 'r1',
      memo: 'm',
      at,
    })
    expect(amounts(transfers)).toEqual(['refund from revenue:w 25'])
    expect(refundableOf(hold)).toBe(35n)
  })

  it('is never more than the paid amount, which excludes receivables', () => {
    const owing = capture(expired, 60n, 45n).hold
    expect(refundableOf(owing)).toBe(45n)
    const refund = { hold: owing, amountMicro: 46n, transferId: 'r', memo: 'm', at }
    expect(() => refundHold(refund)).toThrow('never more')
  })
})

describe('the legs of a posting', () => {
  it('sum to zero', () => {
    const { transfers } = capture(job, 60n)
    const legs = legsOf(transfers)
    expect(legs.reduce((total, { deltaMicro }) => total + deltaMicro, 0n)).toBe(0n)
    expect(legs).toEqual([
      { id: 'available:w', deltaMicro: 40n },
      { id: 'held:w', deltaMicro: -100n },
      { id: 'revenue:w', deltaMicro: 60n },
    ])
  })
})
