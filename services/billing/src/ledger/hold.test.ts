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
  it('pays what it delivered and gets the rest back', () => {
    const { hold, transfers } = capture(job, 60n)
    expect(amounts(transfers)).toEqual(['capture from held:w 60', 'release from held:w 40'])
    expect(hold).toMatchObject({ state: 'captured', capturedMicro: 60n, releasedMicro: 40n })
    expect(faultOfHold(hold)).toBeUndefined()
  })

  it('never pays more than its hold: the difference is loss', () => {
    const { hold, transfers } = capture(job, 130n)
    expect(amounts(transfers)).toEqual(['capture from held:w 100'])
    expect(hold).toMatchObject({ capturedMicro: 100n, releasedMicro: 0n, lossMicro: 30n })
  })

  it('that delivered nothing pays nothing and moves no empty transfer', () => {
    const { hold, transfers } = capture(job, 0n)
    expect(amounts(transfers)).toEqual(['release from held:w 100'])
    expect(hold).toMatchObject({ state: 'captured', capturedMicro: 0n })
  })

  it('whose hold expired pays from available, and stays owing what is not there', () => {
    const { hold, transfers } = capture(expired, 60n, 45n)
    expect(amounts(transfers)).toEqual([
      'capture from available:w 45',
      'receivable from receivable:w 15',
    ])
    expect(hold).toMatchObject({ state: 'expired', lateMicro: 45n, receivableMicro: 15n })
    expect(faultOfHold(hold)).toBeUndefined()
  })

  it('whose hold expired pays no more than that hold was, too', () => {
    const { hold } = capture(expired, 160n, 1_000n)
    expect(hold).toMatchObject({ lateMicro: 100n, receivableMicro: 0n, lossMicro: 60n })
  })

  it('whose hold was voided pays nothing any more: all of it is loss', () => {
    const voided = voidJob({ hold: job, at }).hold
    const { hold, transfers } = capture(voided, 60n, 1_000n)
    expect(transfers).toEqual([])
    expect(hold).toMatchObject({ state: 'voided', lossMicro: 60n })
  })

  it('is charged once: a second charge is a fault of ours', () => {
    expect(() => capture(capture(job, 1n).hold, 1n)).toThrow('charged once')
  })

  it('that is voided after its expiry is settled, and nothing moves', () => {
    const { hold, transfers } = voidJob({ hold: expired, at: later })
    expect(transfers).toEqual([])
    expect(hold).toMatchObject({ state: 'expired', settledAt: later })
  })
})

describe('an allowance', () => {
  const charge = (hold: Hold, dueMicro: bigint, availableMicro = 0n) =>
    captureCalls({ hold, dueMicro, lossMicro: 0n, availableMicro, postingId: 'post', at })

  it('pays from what it has left while that is enough, and knows when it is not', () => {
    const { hold, transfers } = charge(allowance, 100n)
    expect(amounts(transfers)).toEqual(['capture from held:w 100'])
    expect(remainderOf(hold)).toBe(0n)
    expect(needsAvailable({ hold: allowance, dueMicro: 100n })).toBe(false)
    expect(needsAvailable({ hold: allowance, dueMicro: 101n })).toBe(true)
    expect(needsAvailable({ hold: { ...allowance, state: 'expired' }, dueMicro: 1n })).toBe(true)
  })

  it('pays from available and then as a receivable what it has not', () => {
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

  it('is a new entry in the other direction, and counts against the next', () => {
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

  it('is never more than what was paid; what is owed was not paid', () => {
    const owing = capture(expired, 60n, 45n).hold
    expect(refundableOf(owing)).toBe(45n)
    const refund = { hold: owing, amountMicro: 46n, transferId: 'r', memo: 'm', at }
    expect(() => refundHold(refund)).toThrow('never more')
  })
})

describe('any posting', () => {
  it('adds up to zero', () => {
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
