import { connectContract } from '@sluice/bus/connect-contract'
import { connectNatsBus } from '@sluice/bus/nats-bus'
import { serveContract } from '@sluice/bus/serve-contract'
import { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { systemClock } from '@sluice/kernel/clock'
import { newId } from '@sluice/kernel/ids'
import { systemRandom } from '@sluice/kernel/random'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { serverUrl } from '@sluice/testkit/server-urls'
import { describe } from 'vitest'

import { transportSuite } from './transport-suite.ts'

const clock = systemClock

describe('over NATS', () => {
  transportSuite(async (scheduler) => {
    const namespace = newId('sched', { clock, random: systemRandom }).replace('_', '-')
    const open = (name: string) =>
      connectNatsBus({ servers: serverUrl('nats'), name, clock, log: recordedLog(), namespace })
    const [server, caller] = [await open('scheduler'), await open('caller')]
    await serveContract(schedulerContract, scheduler, { bus: server, log: recordedLog() })
    return {
      port: connectContract(schedulerContract, { bus: caller, timeoutMs: 5_000 }),
      close: async () => {
        await caller.close({ withinMs: 0 })
        await server.close({ withinMs: 0 })
        await scheduler.stop()
      },
    }
  })
})
