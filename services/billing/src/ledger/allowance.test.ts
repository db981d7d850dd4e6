import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { shareOf } from './allowance.ts'

describe('the share of an allowance', () => {
  it('is the wanted amount, at most half of the available credits, and never below the need', () => {
    expect(shareOf({ availableMicro: 100n, needMicro: 1n, wantMicro: 30n })).toBe(30n)
    expect(shareOf({ availableMicro: 100n, needMicro: 1n, wantMicro: 80n })).toBe(50n)
    expect(shareOf({ availableMicro: 100n, needMicro: 70n, wantMicro: 80n })).toBe(70n)
    expect(shareOf({ availableMicro: 1n, needMicro: 0n, wantMicro: 80n })).toBe(1n)
  })

  it('is refused exactly when less than the need is available', () => {
    expect(shareOf({ availableMicro: 69n, needMicro: 70n, wantMicro: 80n })).toBeUndefined()
    expect(shareOf({ availableMicro: 0n, needMicro: 0n, wantMicro: 5n })).toBe(0n)
  })

  it('never exceeds the available credits and is never below the need', () => {
    const micro = fc.bigInt({ min: 0n, max: 1_000_000n })
    fc.assert(
      fc.property(micro, micro, micro, (availableMicro, needMicro, wantMicro) => {
        const share = shareOf({ availableMicro, needMicro, wantMicro })
        const inBounds = share === undefined || (share <= availableMicro && share >= needMicro)
        expect(inBounds).toBe(true)
      }),
    )
  })
})
