import { connectContract } from '@sluice/bus/connect-contract'
import { createMemoryBus } from '@sluice/bus/memory-bus'
import { serveContract } from '@sluice/bus/serve-contract'
import { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { describe } from 'vitest'

import { transportSuite } from './transport-suite.ts'

describe('by direct calls', () => {
  transportSuite(async (scheduler) => ({ port: scheduler, close: () => scheduler.stop() }))
})

describe('over the memory bus', () => {
  transportSuite(async (scheduler) => {
    const bus = createMemoryBus({ clock: systemClock, random: systemRandom })
    await serveContract(schedulerContract, scheduler, { bus, log: recordedLog() })
    return {
      port: connectContract(schedulerContract, { bus, timeoutMs: 5_000 }),
      close: async () => {
        await bus.close({ withinMs: 0 })
        await scheduler.stop()
      },
    }
  })
})
