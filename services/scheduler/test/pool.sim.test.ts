import { expect, it } from 'vitest'

import { createMemoryPoolStore } from '../src/store/memory-pool-store.ts'
import { simulatePool } from './pool-simulation.ts'

it.each([1, 2, 3, 4, 5, 6])(
  'no credential is above its limit, no lease ends twice and no credential starves (seed %i)',
  async (seed) => {
    const openStore = createMemoryPool
    await expect(simulatePool({ seed, steps: 1_500, openStore })).resolves.toBeUndefined()
  },
)

const createMemoryPool = (clock: Parameters<typeof createMemoryPoolStore>[0]['clock']) =>
  createMemoryPoolStore({ clock })
