import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, it } from 'vitest'

import type { Tickable } from './sweep.ts'
import { createSweep } from './sweep.ts'

it('ticks every registered entry once a second, and no removed one', async () => {
  const clock = fakeClock()
  const sweep = createSweep(clock)
  const random = seededRandom(3)
  const ticks = new Map<Tickable, number>()
  const registered = new Set<Tickable>()
  const register = () => {
    const one: Tickable = { tick: () => void ticks.set(one, (ticks.get(one) ?? 0) + 1) }
    registered.add(one)
    sweep.add(one)
  }
  for (let step = 0; step < 500; step += 1) {
    for (let count = random.integer(6); count > 0; count -= 1) register()
    const removed = [...registered].filter(() => random.next() < 0.3)
    for (const one of removed) {
      registered.delete(one)
      sweep.delete(one)
      sweep.delete(one)
    }
    ticks.clear()
    await clock.advance(1_000)
    expect(sweep.size()).toBe(registered.size)
    expect(new Set(ticks.keys())).toEqual(registered)
    expect([...ticks.values()].every((count) => count === 1)).toBe(true)
  }
})

it('allows an entry to remove itself during its tick', async () => {
  const clock = fakeClock()
  const sweep = createSweep(clock)
  let ticks = 0
  for (let count = 0; count < 10; count += 1) {
    const one: Tickable = {
      tick: () => {
        ticks += 1
        sweep.delete(one)
      },
    }
    sweep.add(one)
  }
  await clock.advance(2_000)
  expect([ticks, sweep.size()]).toEqual([10, 0])
})
