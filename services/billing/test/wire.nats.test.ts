import { connectContract } from '@sluice/bus/connect-contract'
import { connectNatsBus } from '@sluice/bus/nats-bus'
import { serveContract } from '@sluice/bus/serve-contract'
import { billingContract } from '@sluice/contracts/billing.contract'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { serverUrl } from '@sluice/testkit/server-urls'
import { describe } from 'vitest'

import { wireSuite } from './wire-suite.ts'

describe('billing over NATS', () => {
  wireSuite(async (billing) => {
    const namespace = `test-${Buffer.from(systemRandom.bytes(6)).toString('hex')}`
    const log = recordedLog()
    const options = { servers: serverUrl('nats'), clock: systemClock, log, namespace }
    const served = await connectNatsBus({ ...options, name: 'billing' })
    const asking = await connectNatsBus({ ...options, name: 'asker' })
    await serveContract(billingContract, billing, { bus: served, log })
    return {
      port: connectContract(billingContract, { bus: asking, timeoutMs: 5_000 }),
      close: async () => {
        await asking.close()
        await served.close()
      },
    }
  })
})
