import { describe, expect, it } from 'vitest'

import { comeBackAt, nextFence } from './lease.ts'

describe('a fence', () => {
  it('is the time while time is enough, and one more than the last where it is not', () => {
    expect(nextFence({ nowMs: 5, last: 0, floor: 0 })).toBe(5_000)
    expect(nextFence({ nowMs: 5, last: 5_000, floor: 0 })).toBe(5_001)
  })

  it('grows for a pool that has forgotten the last one, also when its clock went back', () => {
    expect(nextFence({ nowMs: 4, last: 0, floor: 5_001 })).toBe(5_002)
  })
})

describe('a refused taker comes back', () => {
  const nowMs = 1_000_000
  const inMs = (facts: { restUntilMs: number | null; taken: boolean }) =>
    comeBackAt({ nowMs, ...facts }).getTime() - nowMs

  it('in a second when all it lacks is a free place, in case nobody tells it earlier', () => {
    expect(inMs({ restUntilMs: null, taken: true })).toBe(1_000)
    expect(inMs({ restUntilMs: nowMs + 30_000, taken: true })).toBe(1_000)
  })

  it('when the first rest ends', () => {
    expect(inMs({ restUntilMs: nowMs + 30_000, taken: false })).toBe(30_000)
    expect(inMs({ restUntilMs: nowMs + 300, taken: true })).toBe(300)
  })

  it('neither at once nor never', () => {
    expect(inMs({ restUntilMs: nowMs, taken: false })).toBe(50)
    expect(inMs({ restUntilMs: nowMs + 86_400_000, taken: false })).toBe(60_000)
    expect(inMs({ restUntilMs: null, taken: false })).toBe(60_000)
  })
})
