import { announceWire } from '@sluice/bus/announce-wire'
import { connectNatsBus } from '@sluice/bus/nats-bus'
import { serveContract } from '@sluice/bus/serve-contract'
import { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { verifySecretsAtStart } from '@sluice/db/secret-checks'
import { createOutboxRelay } from '@sluice/db/outbox-relay'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { parseSealingKeys } from '@sluice/sealing/sealing-keys'
import { armCrashPoint, parseCrashAt } from '@sluice/service-kit/crash-point'
import { healthRoutes } from '@sluice/service-kit/http/health'
import type { HttpServer } from '@sluice/service-kit/http/serve-http'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { createLifecycle } from '@sluice/service-kit/lifecycle'
import { createLog } from '@sluice/service-kit/log'
import { createMetrics } from '@sluice/service-kit/metrics'
import { readConfig } from '@sluice/service-kit/read-config'
import { runUntilSignal } from '@sluice/service-kit/run-until-signal'
import { Redis } from 'ioredis'

import { schedulerEnvironment } from './config.ts'
import { createScheduler } from './module.ts'
import { createKyselyCatalogStore } from './store/kysely-catalog-store.ts'
import { createRedisPoolStore, poolRedisOptions } from './store/redis-pool-store.ts'

// DISTRIBUTED WIRING: PostgreSQL, Redis and NATS. Any number of replicas.
const env = readConfig(schedulerEnvironment)
const clock = systemClock
const random = systemRandom
const log = createLog({ name: 'scheduler', level: env.LOG_LEVEL })
const metrics = createMetrics({ service: 'scheduler', processMetrics: true })
const crashAt = env.CRASH_AT === undefined ? undefined : parseCrashAt(env.CRASH_AT)
if (crashAt) armCrashPoint({ ...crashAt, nodeEnv: env.NODE_ENV })

const postgres = connectPostgres({
  url: env.DATABASE_URL,
  poolMax: env.DATABASE_POOL_MAX,
  applicationName: 'scheduler',
  onError: (err) => log.warn({ err }, 'a database connection failed'),
})
const redis = new Redis(env.REDIS_URL, poolRedisOptions)
redis.on('error', (err) => log.warn({ err }, 'Redis cannot be reached'))
const bus = await connectNatsBus({ servers: env.NATS_URL, name: 'scheduler', clock, log })
const catalogStore = createKyselyCatalogStore({ db: postgres.db })
const scheduler = createScheduler({
  catalogStore,
  poolStore: createRedisPoolStore({ redis }),
  sealer: createSealer({ keys: parseSealingKeys(env.SEALING_KEYS), random }),
  bus,
  clock,
  random,
  log,
  metrics,
  config: { backgroundEveryMs: env.BACKGROUND_EVERY_MS, catalogMaxAgeMs: env.CATALOG_MAX_AGE_MS },
})
const relay = createOutboxRelay({
  db: postgres.db,
  publish: (message) => announceWire(bus, message),
  clock,
  log,
})

const database = async () => void (await catalogStore.readVersion())
const app = healthRoutes({
  checks: { ...scheduler.checks, database },
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
const { SEALING_KEYS } = env
const given = { SEALING_KEYS }
lifecycle.add({
  name: 'secrets',
  start: () => verifySecretsAtStart(postgres.db, { given, log }),
})
lifecycle.add({
  name: 'redis',
  // The client keeps reconnecting; until then leases are refused as unavailable.
  start: () => redis.connect().catch(() => log.warn('starting without Redis')),
  stop: async () => redis.disconnect(),
})
lifecycle.add({ name: 'bus', stop: (limit) => bus.close(limit) })
lifecycle.add({ name: 'relay', start: relay.start, stop: relay.stop })
lifecycle.add({ name: 'scheduler', start: scheduler.start, stop: scheduler.stop })
lifecycle.add({
  name: 'contract',
  start: async () => {
    stopServing = await serveContract(schedulerContract, scheduler, { bus, log, clock })
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
