import { expect, test } from 'vitest'

import { createCallTimes } from './call-times.ts'

test('before a call has ended nothing is known', () => {
  expect(createCallTimes().freeInMs(3)).toBe(2_000)
})

test.each([
  [20_000, 1, 20_000],
  [20_000, 4, 5_000],
  [90_000, 1, 30_000],
  [20, 1, 1_000],
  [20_000, 0, 20_000],
])('of calls that take %i ms and %i that run, one has ended after %i', (took, running, free) => {
  const times = createCallTimes()
  for (let n = 0; n < 50; n += 1) times.note(took)
  expect(times.freeInMs(running)).toBe(free)
})

test('follows what calls take now', () => {
  const times = createCallTimes()
  times.note(1_000)
  for (let n = 0; n < 100; n += 1) times.note(10_000)
  expect(times.freeInMs(1)).toBeGreaterThan(9_000)
})
