import { expect, it } from 'vitest'

import { creditsForChart, trendOf } from './trend.ts'

it('a sum is compared with the previous sum as a share of it', () => {
  expect(trendOf(150, 100)).toEqual({ direction: 'up', share: 0.5 })
  expect(trendOf(50, 100)).toEqual({ direction: 'down', share: 0.5 })
  expect(trendOf(0, 4)).toEqual({ direction: 'down', share: 1 })
})

it('a small change is level, and a previous sum of zero gives no share', () => {
  expect(trendOf(1_004, 1_000).direction).toBe('level')
  expect(trendOf(0, 0)).toEqual({ direction: 'level', share: undefined })
  expect(trendOf(3, 0)).toEqual({ direction: 'up', share: undefined })
})

it('charts get credits', () => {
  expect(creditsForChart('1500000')).toBe(1.5)
  expect(creditsForChart('0')).toBe(0)
})
