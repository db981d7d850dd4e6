import { connectContract } from '@sluice/bus/connect-contract'
import { connectNatsBus } from '@sluice/bus/nats-bus'
import { serveContract } from '@sluice/bus/serve-contract'
import { billingContract } from '@sluice/contracts/billing.contract'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { serverUrl } from '@sluice/testkit/server-urls'
import { describe } from 'vitest'

import { transportSuite } from './transport-suite.ts'

describe('billing over NATS', () => {
  transportSuite(async (billing) => {
    const namespace = `test-${Buffer.from(systemRandom.bytes(6)).toString('hex')}`
    const log = recordedLog()
    const options = { servers: serverUrl('nats'), clock: systemClock, log, namespace }
    const serverBus = await connectNatsBus({ ...options, name: 'billing' })
    const clientBus = await connectNatsBus({ ...options, name: 'client' })
    await serveContract(billingContract, billing, { bus: serverBus, log })
    return {
      port: connectContract(billingContract, { bus: clientBus, timeoutMs: 5_000 }),
      close: async () => {
        await clientBus.close()
        await serverBus.close()
      },
    }
  })
})
