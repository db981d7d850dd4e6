import { expect, test } from 'vitest'
import { fromWall, toWall } from './zoned-time.ts'

test('an instant survives the way to the wall clock and back, to the minute', () => {
  for (const iso of ['2026-11-21T08:30:00.000Z', '2026-03-01T23:59:00.000Z']) {
    expect(fromWall(toWall(iso))).toBe(iso)
  }
})

test('no time stays no time, and nonsense never becomes an instant', () => {
  expect(toWall(null)).toBe('')
  expect(toWall('soon')).toBe('')
  expect(fromWall('')).toBeNull()
  expect(fromWall('2026-99-99T00:00')).toBeNull()
})
