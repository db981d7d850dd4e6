import { connectNatsBus } from '@sluice/bus/nats-bus'
import { serveContract } from '@sluice/bus/serve-contract'
import { billingContract } from '@sluice/contracts/billing.contract'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { findJobs, isJobRunning, readEndedJob } from '@sluice/jobs/read-ended-job'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { armCrashPoint, parseCrashAt } from '@sluice/service-kit/crash-point'
import { healthRoutes } from '@sluice/service-kit/http/health'
import type { HttpServer } from '@sluice/service-kit/http/serve-http'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { createLifecycle } from '@sluice/service-kit/lifecycle'
import { createLog } from '@sluice/service-kit/log'
import { createMetrics } from '@sluice/service-kit/metrics'
import { readConfig } from '@sluice/service-kit/read-config'
import { runUntilSignal } from '@sluice/service-kit/run-until-signal'

import { billingEnvironment } from './config.ts'
import { createBilling } from './module.ts'
import { kyselyLedgerStore } from './store/kysely-ledger-store.ts'

// DISTRIBUTED WIRING: PostgreSQL and NATS. Any number of replicas.
const env = readConfig(billingEnvironment)
const clock = systemClock
const random = systemRandom
const log = createLog({ name: 'billing', level: env.LOG_LEVEL })
const metrics = createMetrics({ service: 'billing', processMetrics: true })
const crashAt = env.CRASH_AT === undefined ? undefined : parseCrashAt(env.CRASH_AT)
if (crashAt) armCrashPoint({ ...crashAt, nodeEnv: env.NODE_ENV })

const postgres = connectPostgres({
  url: env.DATABASE_URL,
  poolMax: env.DATABASE_POOL_MAX,
  applicationName: 'billing',
  onError: (err) => log.warn({ err }, 'a database connection failed'),
})
const bus = await connectNatsBus({ servers: env.NATS_URL, name: 'billing', clock, log })
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

const app = healthRoutes({
  checks: billing.checks,
  metrics,
  clock,
  stopping: () => lifecycle.stopping(),
})
const lifecycle = createLifecycle({
  log,
  clock,
  drainMs: env.DRAIN_MS,
  shutdownDelayMs: env.SHUTDOWN_DELAY_MS,
})
let server: HttpServer | undefined
let stopServing: (() => Promise<void>) | undefined
lifecycle.add({ name: 'postgres', stop: () => postgres.close() })
lifecycle.add({ name: 'bus', stop: (limit) => bus.close(limit) })
lifecycle.add({ name: 'billing', start: billing.start, stop: billing.stop })
lifecycle.add({
  name: 'contract',
  start: async () => {
    stopServing = await serveContract(billingContract, billing, { bus, log, clock })
  },
  stop: async () => stopServing?.(),
})
lifecycle.add({
  name: 'http',
  start: async () => {
    server = await serveHttp({ app, port: env.PORT, host: env.HOST, log, clock })
    log.info({ url: server.url }, 'listening')
  },
  announceStop: () => server?.announceClose(),
  stop: async (limit) => server?.close(limit),
})
await runUntilSignal({ lifecycle, log })
