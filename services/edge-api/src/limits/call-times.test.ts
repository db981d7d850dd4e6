import { expect, test } from 'vitest'

import { createCallTimes } from './call-times.ts'

test('returns the default before any call has ended', () => {
  expect(createCallTimes().freeInMs(3)).toBe(2_000)
})

test.each([
  [20_000, 1, 20_000],
  [20_000, 4, 5_000],
  [90_000, 1, 30_000],
  [20, 1, 1_000],
  [20_000, 0, 20_000],
])('with calls of %i ms, %i of them running, the next ends in %i ms', (took, running, free) => {
  const times = createCallTimes()
  for (let n = 0; n < 50; n += 1) times.note(took)
  expect(times.freeInMs(running)).toBe(free)
})

test('follows the durations of recent calls', () => {
  const times = createCallTimes()
  times.note(1_000)
  for (let n = 0; n < 100; n += 1) times.note(10_000)
  expect(times.freeInMs(1)).toBeGreaterThan(9_000)
})
