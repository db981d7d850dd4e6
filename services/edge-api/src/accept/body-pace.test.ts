import { expect, it } from 'vitest'

import { BodyPace } from './body-pace.ts'

/** After how many seconds a body is too slow that has so many bytes after each second; undefined for never. */
function endOf(bytesAt: (second: number) => number, seconds = 300): number | undefined {
  const pace = new BodyPace(0)
  for (let second = 1; second <= seconds; second += 1)
    if (pace.isTooSlow(second * 1_000, bytesAt(second))) return second
  return undefined
}

it('a body that brings enough all the time may take long', () => {
  expect(endOf((second) => second * 7_000)).toBeUndefined()
})

it('what came fast buys no time: silence and a trickle end within seconds', () => {
  const burst = 19 * 1024 * 1024
  expect(endOf(() => burst)).toBe(12)
  expect(endOf((second) => burst + second)).toBeLessThan(25)
  expect(endOf(() => 0)).toBe(11)
  expect(endOf((second) => second * 100)).toBe(11)
})
