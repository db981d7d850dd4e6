import { describe, expect, it } from 'vitest'

import type { Grants } from './rate-limit.ts'
import { counts, decideTake, nextSlice, sliceMax } from './rate-limit.ts'

const request = { nowMs: 100_000, limit: 10, want: 4, spendWithinMs: 2_000 }

describe('a decision on requests', () => {
  it('counts a grant in the second of its spending deadline', () => {
    expect(decideTake(new Map(), request)).toEqual({ granted: 4, bucket: 102, retryAfterMs: 0 })
  })

  it('counts a bucket until it is entirely outside the window', () => {
    expect(counts(40, 100_999)).toBe(true)
    expect(counts(40, 101_000)).toBe(false)
  })

  it('returns the wait until one more fits, across several buckets', () => {
    const grants: Grants = new Map([
      [60, 3],
      [50, 2],
      [70, 9],
    ])
    const wait = (limit: number) => decideTake(grants, { ...request, limit }).retryAfterMs
    expect(wait(14)).toBe(51_000 + 60_000 - 100_000)
    expect(wait(12)).toBe(61_000 + 60_000 - 100_000)
    expect(wait(5)).toBe(71_000 + 60_000 - 100_000)
  })
})

describe('the size of slices', () => {
  it('is one for small limits', () => {
    expect(sliceMax(1)).toBe(1)
    expect(sliceMax(100)).toBe(1)
    expect(nextSlice({ size: 1, usedUp: true }, 100)).toBe(1)
  })

  it('grows up to the limit per second while slices are used up, and shrinks otherwise', () => {
    expect(nextSlice({ size: 8, usedUp: true }, 6_000)).toBe(16)
    expect(nextSlice({ size: 90, usedUp: true }, 6_000)).toBe(100)
    expect(nextSlice({ size: 9, usedUp: false }, 6_000)).toBe(4)
    expect(nextSlice({ size: 1, usedUp: false }, 6_000)).toBe(1)
  })
})
