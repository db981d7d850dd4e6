import { describe, expect, it } from 'vitest'

import type { Cooldown } from './cooldown.ts'
import { coolDown, endCooldown } from './cooldown.ts'

const silent = (atMs: number) => ({ atMs, retryAtMs: null })
const DAY_MS = 86_400_000

describe('a limit', () => {
  it('that names its end is believed', () => {
    expect(coolDown(null, { atMs: 1_000, retryAtMs: 62_000 })).toEqual({
      untilMs: 62_000,
      times: 1,
    })
  })

  it('that names a time in the past, or the present, is treated as one that names none', () => {
    expect(coolDown(null, { atMs: 1_000, retryAtMs: 500 })).toEqual(coolDown(null, silent(1_000)))
    expect(coolDown(null, { atMs: 1_000, retryAtMs: 1_000 })).toEqual(coolDown(null, silent(1_000)))
  })

  it('that names a far day keeps the credential away for a day, and is then asked again', () => {
    expect(coolDown(null, { atMs: 0, retryAtMs: DAY_MS * 400 })).toMatchObject({ untilMs: DAY_MS })
  })

  it('that names no end doubles the rest each time, and ten minutes at most', () => {
    const rests: number[] = []
    let cooldown: Cooldown | null = null
    for (let turn = 0; turn < 9; turn += 1) {
      const atMs: number = cooldown?.untilMs ?? 0
      cooldown = coolDown(cooldown, silent(atMs))
      rests.push(cooldown.untilMs - atMs)
    }
    expect(rests).toEqual([
      5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000,
    ])
  })
})

describe('while resting', () => {
  const resting = coolDown(null, silent(0))

  it('the same limit met by calls that ran side by side counts once', () => {
    expect(coolDown(resting, silent(1_000))).toBe(resting)
    expect(coolDown(resting, { atMs: 1_000, retryAtMs: 2_000 })).toBe(resting)
  })

  it('a later end that an upstream names is taken over', () => {
    expect(coolDown(resting, { atMs: 1_000, retryAtMs: 90_000 })).toEqual({
      untilMs: 90_000,
      times: 1,
    })
  })

  it('a success of a call that began before ends nothing', () => {
    expect(endCooldown(resting, { atMs: 4_999 })).toBe(resting)
  })
})

it('a success after the rest makes the next limit a first one', () => {
  const twice = coolDown(coolDown(null, silent(0)), silent(5_000))
  expect(twice.times).toBe(2)
  expect(endCooldown(twice, { atMs: twice.untilMs })).toBeNull()
})
