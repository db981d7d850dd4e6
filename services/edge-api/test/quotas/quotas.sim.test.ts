import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { simulate } from '@sluice/testkit/simulate'
import { describe, expect, it } from 'vitest'

import { actions, endOne } from './actions.ts'
import type { World } from './world.ts'
import { ALIVE_MS_MAX, checkQuotas, quotaWorld } from './world.ts'

const STEPS = 400
const seeds = Array.from({ length: 60 }, (_none, index) => index + 1)

describe('with edges that die, calls that repeat, and parts that are away', () => {
  it.each(seeds)(
    'no key spends more than its quota, and what was charged is what counts (seed %i)',
    async (seed) => {
      const world = await simulate({
        seed,
        steps: STEPS,
        world: () => quotaWorld(fakeClock(Date.UTC(2026, 10, 21, 20))),
        actions,
        check: checkQuotas,
      })
      await quiesce(world, seed)
      checkQuotas(world)
    },
  )
})

/** Everything ends, and everybody is there again. */
async function quiesce(world: World, seed: number): Promise<void> {
  const random = seededRandom(seed)
  world.away.database = false
  world.away.billing = false
  for (const one of world.running) endOne(world, one, random)
  const [edge] = world.edges
  await edge?.upkeep()
  await world.clock.advance(ALIVE_MS_MAX + 1)
  await edge?.reconcile()
  for (const { apiKeyId, day, reservedMicro, spentMicro } of world.store.readDays()) {
    expect(reservedMicro).toBe(0n)
    expect(spentMicro).toBe(world.charged.get(`${apiKeyId} ${day}`) ?? 0n)
  }
}
