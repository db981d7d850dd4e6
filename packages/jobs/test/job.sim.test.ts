import { simulate } from '@sluice/testkit/simulate'
import { describe, expect, it } from 'vitest'

import { createMemoryJobStore } from '../src/memory-job-store.ts'
import { checkJobs, finishJobs, jobActions, jobWorld } from './job-world.ts'

const SEEDS = Array.from({ length: 10 }, (_none, index) => 1 + index)
const STEPS = 300

describe('image jobs, in any order of verbs, crashes, repeats and stale writers', () => {
  it.each(SEEDS)(
    'end once, part by part, and none is lost (seed %i)',
    async (seed) => {
      const world = await simulate({
        seed,
        steps: STEPS,
        world: () => {
          const store = createMemoryJobStore()
          return jobWorld({ store, outbox: async () => store.outbox() })
        },
        actions: jobActions,
        check: checkJobs,
      })
      await finishJobs(world)
      expect(world.seen.size).toBe(world.jobIds.length)
    },
    60_000,
  )
})
