import { expect, test } from 'vitest'
import { fromWall, toWall } from './zoned-time.ts'

test('an instant converted to wall time and back is equal to the minute', () => {
  for (const iso of ['2026-11-21T08:30:00.000Z', '2026-03-01T23:59:00.000Z']) {
    expect(fromWall(toWall(iso))).toBe(iso)
  }
})

test('an empty or invalid text gives no instant', () => {
  expect(toWall(null)).toBe('')
  expect(toWall('soon')).toBe('')
  expect(fromWall('')).toBeNull()
  expect(fromWall('2026-99-99T00:00')).toBeNull()
})
