import { describe, expect, it } from 'vitest'

import {
  DENIED_MS,
  denyUse,
  isDenied,
  liftRestrictions,
  limitedUntilMs,
  limitModel,
  RESTRICTIONS_MAX,
  activeRestrictions,
} from './restrictions.ts'

const limit = (
  restrictions: Parameters<typeof limitModel>[0],
  { model = 'a', atMs = 0, retryAtMs = null as number | null } = {},
) => limitModel(restrictions, { model, atMs, retryAtMs })

describe('a limit of one model', () => {
  it('restricts that model only, until the stated time', () => {
    const restrictions = limit([], { retryAtMs: 40_000 })
    expect(limitedUntilMs(restrictions, 'a')).toBe(40_000)
    expect(limitedUntilMs(restrictions, 'b')).toBe(0)
    expect(limitedUntilMs(restrictions, undefined)).toBe(0)
  })

  it('lasts twice as long each time without a stated end, beside other restrictions', () => {
    let restrictions = limit([], { model: 'b', retryAtMs: 900_000 })
    const ends: number[] = []
    for (const atMs of [0, 5_000, 15_000, 35_000]) {
      restrictions = limit(restrictions, { atMs })
      ends.push(limitedUntilMs(restrictions, 'a') - atMs)
    }
    expect(ends).toEqual([5_000, 10_000, 20_000, 40_000])
    expect(limitedUntilMs(restrictions, 'b')).toBe(900_000)
  })

  it('received by concurrent calls counts once', () => {
    const restrictions = limit([])
    expect(limit(restrictions, { atMs: 100 })).toBe(restrictions)
  })

  it('ends with a success after its end, and not with one that began before', () => {
    const restrictions = limit([])
    expect(liftRestrictions(restrictions, { model: 'a', atMs: 100 })).toBe(restrictions)
    expect(liftRestrictions(restrictions, { model: 'b', atMs: 6_000 })).toBe(restrictions)
    expect(liftRestrictions(restrictions, { model: 'a', atMs: 6_000 })).toEqual([])
  })
})

describe('a denied use', () => {
  const image = { operation: 'image' as const, model: 'a' }

  it('restricts the operation for every model, or the model for every operation', () => {
    const byOperation = denyUse([], { operation: 'image', atMs: 0 })
    expect(isDenied(byOperation, { ...image, nowMs: 1 })).toBe(true)
    expect(isDenied(byOperation, { operation: 'chat', model: 'a', nowMs: 1 })).toBe(false)
    const byModel = denyUse([], { model: 'a', atMs: 0 })
    expect(isDenied(byModel, { operation: 'chat', model: 'a', nowMs: 1 })).toBe(true)
    expect(isDenied(byModel, { operation: 'chat', model: 'b', nowMs: 1 })).toBe(false)
  })

  it('ends after DENIED_MS, or with a success', () => {
    const restrictions = denyUse([], { operation: 'image', atMs: 0 })
    expect(isDenied(restrictions, { ...image, nowMs: DENIED_MS })).toBe(false)
    expect(liftRestrictions(restrictions, { operation: 'chat', atMs: 1 })).toBe(restrictions)
    expect(liftRestrictions(restrictions, { ...image, atMs: 1 })).toEqual([])
  })

  it('without an operation and a model adds no restriction', () => {
    expect(denyUse([], { atMs: 0 })).toEqual([])
  })
})

it('at most RESTRICTIONS_MAX restrictions are stored: those that end last', () => {
  let restrictions = limit([])
  for (let index = 0; index < 200; index += 1) {
    restrictions = limit(restrictions, { model: `m${index}`, retryAtMs: 10_000 + index })
  }
  expect(restrictions).toHaveLength(RESTRICTIONS_MAX)
  expect(limitedUntilMs(restrictions, 'm199')).toBe(10_199)
})

it('an ended restriction is not listed, and is removed with the next change', () => {
  const restrictions = limit([])
  expect(activeRestrictions(restrictions, { nowMs: 5_000 })).toEqual([])
  expect(limit(restrictions, { model: 'b', atMs: 5_000 + 600_000 })).toHaveLength(1)
})
