import { describe, expect, it } from 'vitest'

import type { Cooldown } from './cooldown.ts'
import { coolDown, endCooldown } from './cooldown.ts'

const withoutEnd = (atMs: number) => ({ atMs, retryAtMs: null })
const DAY_MS = 86_400_000

describe('a limit', () => {
  it('with a stated end cools down until that end', () => {
    expect(coolDown(null, { atMs: 1_000, retryAtMs: 62_000 })).toEqual({
      untilMs: 62_000,
      times: 1,
    })
  })

  it('with a stated end in the past, or now, is treated as one without a stated end', () => {
    expect(coolDown(null, { atMs: 1_000, retryAtMs: 500 })).toEqual(
      coolDown(null, withoutEnd(1_000)),
    )
    expect(coolDown(null, { atMs: 1_000, retryAtMs: 1_000 })).toEqual(
      coolDown(null, withoutEnd(1_000)),
    )
  })

  it('with a stated end after more than a day cools down for a day', () => {
    expect(coolDown(null, { atMs: 0, retryAtMs: DAY_MS * 400 })).toMatchObject({ untilMs: DAY_MS })
  })

  it('without a stated end doubles the cooldown each time, up to ten minutes', () => {
    const durationsMs: number[] = []
    let cooldown: Cooldown | null = null
    for (let turn = 0; turn < 9; turn += 1) {
      const atMs: number = cooldown?.untilMs ?? 0
      cooldown = coolDown(cooldown, withoutEnd(atMs))
      durationsMs.push(cooldown.untilMs - atMs)
    }
    expect(durationsMs).toEqual([
      5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000,
    ])
  })
})

describe('during a cooldown', () => {
  const cooling = coolDown(null, withoutEnd(0))

  it('the same limit received by concurrent calls counts once', () => {
    expect(coolDown(cooling, withoutEnd(1_000))).toBe(cooling)
    expect(coolDown(cooling, { atMs: 1_000, retryAtMs: 2_000 })).toBe(cooling)
  })

  it('a later stated end replaces the end', () => {
    expect(coolDown(cooling, { atMs: 1_000, retryAtMs: 90_000 })).toEqual({
      untilMs: 90_000,
      times: 1,
    })
  })

  it('a success of a call that began before does not end it', () => {
    expect(endCooldown(cooling, { atMs: 4_999 })).toBe(cooling)
  })
})

it('a success after the cooldown resets the backoff', () => {
  const twice = coolDown(coolDown(null, withoutEnd(0)), withoutEnd(5_000))
  expect(twice.times).toBe(2)
  expect(endCooldown(twice, { atMs: twice.untilMs })).toBeNull()
})
