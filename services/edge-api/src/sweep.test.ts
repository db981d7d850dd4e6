import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, it } from 'vitest'

import type { Tickable } from './sweep.ts'
import { createSweep } from './sweep.ts'

it('looks at everything that is under way once a second, and at nothing that is over', async () => {
  const clock = fakeClock()
  const sweep = createSweep(clock)
  const random = seededRandom(3)
  const looks = new Map<Tickable, number>()
  const here = new Set<Tickable>()
  const come = () => {
    const one: Tickable = { tick: () => void looks.set(one, (looks.get(one) ?? 0) + 1) }
    here.add(one)
    sweep.add(one)
  }
  for (let step = 0; step < 500; step += 1) {
    for (let count = random.integer(6); count > 0; count -= 1) come()
    const leaving = [...here].filter(() => random.next() < 0.3)
    for (const one of leaving) {
      here.delete(one)
      sweep.delete(one)
      sweep.delete(one)
    }
    looks.clear()
    await clock.advance(1_000)
    expect(sweep.size()).toBe(here.size)
    expect(new Set(looks.keys())).toEqual(here)
    expect([...looks.values()].every((count) => count === 1)).toBe(true)
  }
})

it('lets one leave while it is being looked at', async () => {
  const clock = fakeClock()
  const sweep = createSweep(clock)
  let looks = 0
  for (let count = 0; count < 10; count += 1) {
    const one: Tickable = {
      tick: () => {
        looks += 1
        sweep.delete(one)
      },
    }
    sweep.add(one)
  }
  await clock.advance(2_000)
  expect([looks, sweep.size()]).toEqual([10, 0])
})
