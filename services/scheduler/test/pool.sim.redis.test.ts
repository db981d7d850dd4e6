import { systemClock } from '@sluice/kernel/clock'
import { newId } from '@sluice/kernel/ids'
import { systemRandom } from '@sluice/kernel/random'
import { serverUrl } from '@sluice/testkit/server-urls'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { createRedisPoolStore, poolRedisOptions } from '../src/store/redis-pool-store.ts'
import { simulatePool } from './pool-simulation.ts'

const redis = new Redis(serverUrl('redis'), poolRedisOptions)
beforeAll(() => redis.connect())
afterAll(() => redis.disconnect())

it.each([1, 2])('the Redis pool passes the simulation (seed %i)', async (seed) => {
  const prefix = `test:{${newId('sched', { clock: systemClock, random: systemRandom })}}:`
  const simulation = simulatePool({
    seed,
    steps: 1_000,
    openStore: (clock) => {
      // The server's clock runs by itself; the offset keeps it a few milliseconds ahead of the fake clock.
      const clockOffsetMs = () => clock.nowMs() - systemClock.nowMs()
      return createRedisPoolStore({ redis, prefix, clockOffsetMs })
    },
    skewMs: 250,
  })
  await expect(simulation).resolves.toBeUndefined()
})
