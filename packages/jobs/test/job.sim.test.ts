import { simulate } from '@sluice/testkit/simulate'
import { describe, expect, it } from 'vitest'

import { createMemoryJobStore } from '../src/memory-job-store.ts'
import { checkJobs, finishJobs, jobActions, createJobSimulation } from './job-simulation.ts'

const SEEDS = Array.from({ length: 10 }, (_none, index) => 1 + index)
const STEPS = 300

describe('image jobs, in any order of calls, crashes, repeats and stale writers', () => {
  it.each(SEEDS)(
    'end once, with each part ending once, and none is lost (seed %i)',
    async (seed) => {
      const simulation = await simulate({
        seed,
        steps: STEPS,
        createState: () => {
          const store = createMemoryJobStore()
          return createJobSimulation({ store, outbox: async () => store.outbox() })
        },
        actions: jobActions,
        check: checkJobs,
      })
      await finishJobs(simulation)
      expect(simulation.lastRecords.size).toBe(simulation.jobIds.length)
    },
    60_000,
  )
})
