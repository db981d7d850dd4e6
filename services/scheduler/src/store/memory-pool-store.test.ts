import { newId } from '@sluice/kernel/ids'
import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe } from 'vitest'

import type { PoolUnderTest } from '../../test/pool-under-test.ts'
import { createMemoryPoolStore } from './memory-pool-store.ts'
import type { PoolStore } from './pool-store.ts'
import { poolHealthContract } from './pool-health.contract.ts'
import { poolStoreContract } from './pool-store.contract.ts'

describe('the pool in memory', () => {
  const make = async (): Promise<PoolUnderTest> => {
    const clock = fakeClock()
    const random = seededRandom(7)
    let pool = createMemoryPoolStore({ clock })
    // One process holds the pool, so both replicas are the same; a wipe is a restart of the process.
    const replica: PoolStore = {
      take: (input) => pool.take(input),
      renew: (input) => pool.renew(input),
      release: (input) => pool.release(input),
      writeHealth: (input) => pool.writeHealth(input),
      read: (input) => pool.read(input),
      reap: (input) => pool.reap(input),
    }
    return {
      stores: [replica, replica],
      advance: (ms) => clock.advance(ms),
      nowMs: async () => clock.nowMs(),
      wipe: async () => {
        await clock.advance(1)
        pool = createMemoryPoolStore({ clock })
      },
      restart: () => replica,
      newId: (prefix) => newId(prefix, { clock, random }),
    }
  }
  poolStoreContract(make)
  poolHealthContract(make)
})
