import { connectNatsBus } from '@sluice/bus/nats-bus'
import { serveContract } from '@sluice/bus/serve-contract'
import { billingContract } from '@sluice/contracts/billing.contract'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { findJobs, isJobRunning, readEndedJob } from '@sluice/jobs/read-ended-job'
import { contractPart } from '@sluice/service-kit/service-parts'
import { startService } from '@sluice/service-kit/start-service'

import { billingEnvironment } from './config.ts'
import { createBilling } from './module.ts'
import { kyselyLedgerStore } from './store/kysely-ledger-store.ts'

// DISTRIBUTED WIRING: PostgreSQL and NATS. Any number of replicas.
await startService({
  name: 'billing',
  environment: billingEnvironment,
  wire: async ({ name, env, clock, random, log, metrics }) => {
    const postgres = connectPostgres({
      url: env.DATABASE_URL,
      poolMax: env.DATABASE_POOL_MAX,
      applicationName: name,
      onError: (err) => log.warn({ err }, 'a database connection failed'),
    })
    const bus = await connectNatsBus({ servers: env.NATS_URL, name, clock, log })
    const store = kyselyLedgerStore({
      db: postgres.db,
      jobs: { readEndedJob, isJobRunning, findJobs },
      clock,
      random,
    })
    const config = {
      graceMs: env.HOLD_GRACE_MS,
      expireEveryMs: env.EXPIRE_EVERY_MS,
      unusedHoldMs: env.UNUSED_HOLD_MS,
      unusedEveryMs: env.UNUSED_EVERY_MS,
      sealEveryMs: env.SEAL_EVERY_MS,
      auditEveryMs: env.AUDIT_EVERY_MS,
    }
    const billing = createBilling({ store, bus, clock, random, log, metrics, config })
    return {
      checks: billing.checks,
      parts: [
        { name: 'postgres', stop: () => postgres.close() },
        { name: 'bus', stop: (limit) => bus.close(limit) },
        { name, start: billing.start, stop: billing.stop },
        contractPart({ serve: () => serveContract(billingContract, billing, { bus, log, clock }) }),
      ],
    }
  },
})
