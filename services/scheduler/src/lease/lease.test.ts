import { describe, expect, it } from 'vitest'

import { retryTime, nextFence } from './lease.ts'

describe('a fencing token', () => {
  it('is the time in microseconds, or the last token plus one when that is higher', () => {
    expect(nextFence({ nowMs: 5, last: 0, floor: 0 })).toBe(5_000)
    expect(nextFence({ nowMs: 5, last: 5_000, floor: 0 })).toBe(5_001)
  })

  it('increases for a pool that lost the last one, also when its clock went back', () => {
    expect(nextFence({ nowMs: 4, last: 0, floor: 5_001 })).toBe(5_002)
  })
})

describe('a refused request is retried', () => {
  const nowMs = 1_000_000
  const inMs = (facts: { notBeforeMs: number | null; full: boolean }) =>
    retryTime({ nowMs, ...facts }).getTime() - nowMs

  it('after a second when only a free slot is missing', () => {
    expect(inMs({ notBeforeMs: null, full: true })).toBe(1_000)
    expect(inMs({ notBeforeMs: nowMs + 30_000, full: true })).toBe(1_000)
  })

  it('when the first cooldown ends', () => {
    expect(inMs({ notBeforeMs: nowMs + 30_000, full: false })).toBe(30_000)
    expect(inMs({ notBeforeMs: nowMs + 300, full: true })).toBe(300)
  })

  it('after at least 50 ms and at most a minute', () => {
    expect(inMs({ notBeforeMs: nowMs, full: false })).toBe(50)
    expect(inMs({ notBeforeMs: nowMs + 86_400_000, full: false })).toBe(60_000)
    expect(inMs({ notBeforeMs: null, full: false })).toBe(60_000)
  })
})
