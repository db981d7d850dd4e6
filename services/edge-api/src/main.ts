import { announceWire } from '@sluice/bus/announce-wire'
import { connectContract } from '@sluice/bus/connect-contract'
import { connectNatsBus } from '@sluice/bus/nats-bus'
import { createDiskBlobStore } from '@sluice/blobs/disk-blob-store'
import { billingContract } from '@sluice/contracts/billing.contract'
import { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { verifySecretsAtStart } from '@sluice/db/secret-checks'
import { createOutboxRelay } from '@sluice/db/outbox-relay'
import { createEgress } from '@sluice/egress/create-egress'
import { createKyselyJobStore } from '@sluice/jobs/kysely-job-store'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { parseSealingKeys } from '@sluice/sealing/sealing-keys'
import { armCrashPoint, parseCrashAt } from '@sluice/service-kit/crash-point'
import { checkDisk } from '@sluice/service-kit/http/check-disk'
import { healthRoutes } from '@sluice/service-kit/http/health'
import { connectionLimits } from '@sluice/service-kit/http/connections'
import type { HttpServer } from '@sluice/service-kit/http/serve-http'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { createLifecycle } from '@sluice/service-kit/lifecycle'
import { createLog } from '@sluice/service-kit/log'
import { createMetrics } from '@sluice/service-kit/metrics'
import { readConfig } from '@sluice/service-kit/read-config'
import { runUntilSignal } from '@sluice/service-kit/run-until-signal'
import { parseSigningKeys } from '@sluice/signing/parse-signing-keys'
import { createPictureLinks } from '@sluice/signing/picture-links'
import { createUpstreams } from '@sluice/upstreams/registry'
import { Redis } from 'ioredis'

import { edgeConfigOf, edgeEnvironment } from './config.ts'
import { createEdgeApi } from './module.ts'
import { fallbackRateStore } from './store/fallback-rate-store.ts'
import { kyselyAnswerStore } from './store/kysely-answer-store.ts'
import { kyselyIdentityStore } from './store/kysely-identity-store.ts'
import { kyselyKeyOwnerStore } from './store/kysely-key-owner-store.ts'
import { kyselyKeyStore } from './store/kysely-key-store.ts'
import { kyselyQuotaStore } from './store/kysely-quota-store.ts'
import { kyselyRequestLogStore } from './store/kysely-request-log-store.ts'
import { kyselyRevisionStore } from './store/kysely-revision-store.ts'
import { rateRedisOptions, redisRateStore } from './store/redis-rate-store.ts'

/** A call to billing or the scheduler that takes longer counts as `unavailable`. */
const CALL_TIMEOUT_MS = 5_000

// DISTRIBUTED WIRING: PostgreSQL, Redis and NATS. Any number of replicas.
const env = readConfig(edgeEnvironment)
const clock = systemClock
const random = systemRandom
const log = createLog({ name: 'edge-api', level: env.LOG_LEVEL })
const metrics = createMetrics({ service: 'edge-api', processMetrics: true })
const crashAt = env.CRASH_AT === undefined ? undefined : parseCrashAt(env.CRASH_AT)
if (crashAt) armCrashPoint({ ...crashAt, nodeEnv: env.NODE_ENV })
const config = edgeConfigOf(env)

const postgres = connectPostgres({
  url: env.DATABASE_URL,
  poolMax: env.DATABASE_POOL_MAX,
  applicationName: 'edge-api',
  onError: (err) => log.warn({ err }, 'a database connection failed'),
})
const { db } = postgres
const redis = new Redis(env.REDIS_URL, rateRedisOptions)
redis.on('error', (err) => log.warn({ err }, 'Redis cannot be reached'))
const bus = await connectNatsBus({ servers: env.NATS_URL, name: 'edge-api', clock, log })
const egress = createEgress({
  log,
  clock,
  metadataHostsAllowed: config.metadataHostsAllowed,
})
const upstreams = createUpstreams({ ...egress, clock, random })
const keyStore = kyselyKeyStore({ db })
const signingKeys = parseSigningKeys(env.SIGNING_KEYS)
const rateStore = fallbackRateStore({
  store: redisRateStore({ redis, clock }),
  replicas: config.replicas,
  clock,
  log,
})

const edgeApi = createEdgeApi({
  config,
  pepper: env.API_KEY_PEPPER,
  clock,
  random,
  log,
  metrics,
  bus,
  billing: connectContract(billingContract, { bus, timeoutMs: CALL_TIMEOUT_MS }),
  scheduler: connectContract(schedulerContract, { bus, timeoutMs: CALL_TIMEOUT_MS }),
  keyStore,
  keyOwners: kyselyKeyOwnerStore({ db }),
  identityStore: kyselyIdentityStore({ db }),
  rateStore,
  quotaStore: kyselyQuotaStore({ db }),
  requestLogStore: kyselyRequestLogStore({ db }),
  revisionStore: kyselyRevisionStore({ db }),
  answerStore: kyselyAnswerStore({ db }),
  upstreamOf: (dialect) => Object.values(upstreams).find((one) => one.dialect === dialect),
  dispatcher: egress.dispatcher,
  fetchGuarded: egress.fetchGuarded,
  sealer: createSealer({ keys: parseSealingKeys(env.SEALING_KEYS), random }),
  jobs: createKyselyJobStore({ db }),
  blobs: createDiskBlobStore({ folder: env.BLOB_DIR, clock, random }),
  links: createPictureLinks({ baseUrl: env.PUBLIC_BASE_URL, keys: signingKeys, clock }),
})
const relay = createOutboxRelay({
  db,
  publish: (message) => announceWire(bus, message),
  clock,
  log,
})

const database = async () => void (await keyStore.findByHash(''))
const disk = checkDisk({
  folders: { blobs: env.BLOB_DIR, 'usage spool': env.USAGE_SPOOL_DIR },
  freeBytesMin: env.DISK_FREE_BYTES_MIN,
})
const checks = {
  ...edgeApi.checks,
  database,
  disk,
  redis: async () => void (await redis.ping()),
}
edgeApi.app.route(
  '/',
  healthRoutes({ checks, metrics, clock, stopping: () => lifecycle.stopping() }),
)
const lifecycle = createLifecycle({
  log,
  clock,
  drainMs: env.DRAIN_MS,
  shutdownDelayMs: env.SHUTDOWN_DELAY_MS,
})
let server: HttpServer | undefined
lifecycle.add({ name: 'postgres', stop: () => postgres.close() })
const { SEALING_KEYS, SIGNING_KEYS, API_KEY_PEPPER } = env
const given = { SEALING_KEYS, SIGNING_KEYS, API_KEY_PEPPER }
lifecycle.add({
  name: 'secrets',
  start: () => verifySecretsAtStart(postgres.db, { given, log }),
})
lifecycle.add({
  name: 'redis',
  // The client reconnects by itself; until then each edge grants its fraction of every limit.
  start: () => redis.connect().catch(() => log.warn('starting without Redis')),
  stop: async () => redis.disconnect(),
})
lifecycle.add({ name: 'bus', stop: (limit) => bus.close(limit) })
lifecycle.add({ name: 'egress', stop: () => egress.close() })
lifecycle.add({ name: 'relay', start: relay.start, stop: relay.stop })
lifecycle.add({ name: 'edge-api', start: edgeApi.start, stop: edgeApi.stop })
lifecycle.add({
  name: 'http',
  // Draining HTTP requests takes most of the shutdown time.
  weight: 10,
  start: async () => {
    const limits = connectionLimits({
      connectionsMax: env.CONNECTIONS_MAX,
      perAddressMax: env.CONNECTIONS_PER_ADDRESS_MAX,
      trustedProxyHops: env.TRUSTED_PROXY_HOPS,
    })
    const { PORT: port, HOST: host } = env
    const { allowedOrigins } = config
    server = await serveHttp({ app: edgeApi.app, port, host, log, clock, allowedOrigins, limits })
    log.info({ url: server.url }, 'listening')
  },
  announceStop: () => server?.announceClose(),
  stop: async (limit) => {
    edgeApi.endStreams()
    await server?.close(limit)
  },
})
await runUntilSignal({ lifecycle, log })
