import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { simulate } from '@sluice/testkit/simulate'
import { describe, expect, it } from 'vitest'

import { actions, endOne } from './actions.ts'
import type { Simulation } from './simulation.ts'
import { ALIVE_MS_MAX, checkQuotas, createQuotaSimulation } from './simulation.ts'

const STEPS = 400
const seeds = Array.from({ length: 60 }, (_none, index) => index + 1)

describe('with crashing edges, repeated calls and unavailable dependencies', () => {
  it.each(seeds)(
    'no key spends more than its quota, and the spent amount equals the charges (seed %i)',
    async (seed) => {
      const simulation = await simulate({
        seed,
        steps: STEPS,
        createState: () => createQuotaSimulation(fakeClock(Date.UTC(2026, 10, 21, 20))),
        actions,
        check: checkQuotas,
      })
      await quiesce(simulation, seed)
      checkQuotas(simulation)
    },
  )
})

/** Makes all dependencies available and lets everything end. */
async function quiesce(simulation: Simulation, seed: number): Promise<void> {
  const random = seededRandom(seed)
  simulation.unavailable.database = false
  simulation.unavailable.billing = false
  for (const one of simulation.running) endOne(simulation, one, random)
  const [edge] = simulation.edges
  await edge?.backgroundTasks()
  await simulation.clock.advance(ALIVE_MS_MAX + 1)
  await edge?.reconcile()
  for (const { apiKeyId, day, reservedMicro, spentMicro } of simulation.store.readDays()) {
    expect(reservedMicro).toBe(0n)
    expect(spentMicro).toBe(simulation.charged.get(`${apiKeyId} ${day}`) ?? 0n)
  }
}
