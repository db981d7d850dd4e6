import { expect, it } from 'vitest'

import { creditsForChart, trendOf } from './trend.ts'

it('a sum is compared with the one before as a share of that', () => {
  expect(trendOf(150, 100)).toEqual({ direction: 'up', share: 0.5 })
  expect(trendOf(50, 100)).toEqual({ direction: 'down', share: 0.5 })
  expect(trendOf(0, 4)).toEqual({ direction: 'down', share: 1 })
})

it('what barely moved is level, and nothing before is no share at all', () => {
  expect(trendOf(1_004, 1_000).direction).toBe('level')
  expect(trendOf(0, 0)).toEqual({ direction: 'level', share: undefined })
  expect(trendOf(3, 0)).toEqual({ direction: 'up', share: undefined })
})

it('charts get credits', () => {
  expect(creditsForChart('1500000')).toBe(1.5)
  expect(creditsForChart('0')).toBe(0)
})
