import { expect, it } from 'vitest'

import { BodyPace } from './body-pace.ts'

/** The second in which a body with `bytesAt(second)` bytes becomes too slow; undefined for never. */
function endOf(bytesAt: (second: number) => number, seconds = 300): number | undefined {
  const pace = new BodyPace(0)
  for (let second = 1; second <= seconds; second += 1)
    if (pace.isTooSlow(second * 1_000, bytesAt(second))) return second
  return undefined
}

it('a body that arrives at a sufficient rate is never too slow', () => {
  expect(endOf((second) => second * 7_000)).toBeUndefined()
})

it('a fast start grants no extra time: a stalled or trickling body is too slow within seconds', () => {
  const burst = 19 * 1024 * 1024
  expect(endOf(() => burst)).toBe(12)
  expect(endOf((second) => burst + second)).toBeLessThan(25)
  expect(endOf(() => 0)).toBe(11)
  expect(endOf((second) => second * 100)).toBe(11)
})
