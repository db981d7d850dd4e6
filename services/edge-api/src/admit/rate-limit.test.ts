import { describe, expect, it } from 'vitest'

import type { Grants } from './rate-limit.ts'
import { counts, decideTake, nextSlice, sliceMax } from './rate-limit.ts'

const ask = { nowMs: 100_000, limit: 10, want: 4, spendWithinMs: 2_000 }

describe('a decision on requests', () => {
  it('charges the second in which the last of them may be spent', () => {
    expect(decideTake(new Map(), ask)).toEqual({ granted: 4, bucket: 102, retryAfterMs: 0 })
  })

  it('counts a bucket until nothing in it can be within a minute of now', () => {
    expect(counts(40, 100_999)).toBe(true)
    expect(counts(40, 101_000)).toBe(false)
  })

  it('says how long until one more fits, however many buckets must fall out first', () => {
    const grants: Grants = new Map([
      [60, 3],
      [50, 2],
      [70, 9],
    ])
    const wait = (limit: number) => decideTake(grants, { ...ask, limit }).retryAfterMs
    expect(wait(14)).toBe(51_000 + 60_000 - 100_000)
    expect(wait(12)).toBe(61_000 + 60_000 - 100_000)
    expect(wait(5)).toBe(71_000 + 60_000 - 100_000)
  })
})

describe('the size of slices', () => {
  it('small limits are leased one by one', () => {
    expect(sliceMax(1)).toBe(1)
    expect(sliceMax(100)).toBe(1)
    expect(nextSlice({ size: 1, usedUp: true }, 100)).toBe(1)
  })

  it('grow while they are used up, to what the limit lets pass in a second, and shrink unused', () => {
    expect(nextSlice({ size: 8, usedUp: true }, 6_000)).toBe(16)
    expect(nextSlice({ size: 90, usedUp: true }, 6_000)).toBe(100)
    expect(nextSlice({ size: 9, usedUp: false }, 6_000)).toBe(4)
    expect(nextSlice({ size: 1, usedUp: false }, 6_000)).toBe(1)
  })
})
