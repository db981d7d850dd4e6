import { connectContract } from '@sluice/bus/connect-contract'
import { createMemoryBus } from '@sluice/bus/memory-bus'
import { serveContract } from '@sluice/bus/serve-contract'
import { billingContract } from '@sluice/contracts/billing.contract'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { describe } from 'vitest'

import { transportSuite } from './transport-suite.ts'

describe('billing by direct calls', () => {
  transportSuite(async (billing) => ({ port: billing, close: async () => {} }))
})

describe('billing over the memory bus', () => {
  transportSuite(async (billing) => {
    const bus = createMemoryBus({ clock: systemClock, random: systemRandom })
    await serveContract(billingContract, billing, { bus, log: recordedLog() })
    return {
      port: connectContract(billingContract, { bus, timeoutMs: 5_000 }),
      close: () => bus.close(),
    }
  })
})
