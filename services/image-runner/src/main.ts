import { createDiskBlobStore } from '@sluice/blobs/disk-blob-store'
import { connectContract } from '@sluice/bus/connect-contract'
import { connectNatsBus } from '@sluice/bus/nats-bus'
import { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { verifySecretsAtStart } from '@sluice/db/secret-checks'
import { createEgress } from '@sluice/egress/create-egress'
import { createKyselyJobStore } from '@sluice/jobs/kysely-job-store'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { parseSealingKeys } from '@sluice/sealing/sealing-keys'
import { armCrashPoint, parseCrashAt } from '@sluice/service-kit/crash-point'
import { checkDisk } from '@sluice/service-kit/http/check-disk'
import { healthRoutes } from '@sluice/service-kit/http/health'
import type { HttpServer } from '@sluice/service-kit/http/serve-http'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { createLifecycle } from '@sluice/service-kit/lifecycle'
import { createLog } from '@sluice/service-kit/log'
import { createMetrics } from '@sluice/service-kit/metrics'
import { readConfig } from '@sluice/service-kit/read-config'
import { runUntilSignal } from '@sluice/service-kit/run-until-signal'
import { createUpstreams } from '@sluice/upstreams/registry'

import { imageRunnerEnvironment } from './config.ts'
import { createImageRunner } from './module.ts'

const SCHEDULER_TIMEOUT_MS = 5_000
/** The share of the drain time for running generations; the rest is for connections. */
const GENERATION_WEIGHT = 20

// DISTRIBUTED WIRING: PostgreSQL, NATS and a blob folder shared by all services. Any number of replicas.
const env = readConfig(imageRunnerEnvironment)
const clock = systemClock
const random = systemRandom
const log = createLog({ name: 'image-runner', level: env.LOG_LEVEL })
const metrics = createMetrics({ service: 'image-runner', processMetrics: true })
const crashAt = env.CRASH_AT === undefined ? undefined : parseCrashAt(env.CRASH_AT)
if (crashAt) armCrashPoint({ ...crashAt, nodeEnv: env.NODE_ENV })

const postgres = connectPostgres({
  url: env.DATABASE_URL,
  poolMax: env.DATABASE_POOL_MAX,
  applicationName: 'image-runner',
  onError: (err) => log.warn({ err }, 'a database connection failed'),
})
const bus = await connectNatsBus({ servers: env.NATS_URL, name: 'image-runner', clock, log })
const egress = createEgress({ log, clock, metadataHostsAllowed: env.METADATA_HOSTS_ALLOWED })
const runner = createImageRunner({
  store: createKyselyJobStore({ db: postgres.db }),
  blobs: createDiskBlobStore({ folder: env.BLOB_DIR, clock, random }),
  bus,
  scheduler: connectContract(schedulerContract, { bus, timeoutMs: SCHEDULER_TIMEOUT_MS }),
  upstreams: createUpstreams({ ...egress, clock, random }),
  sealer: createSealer({ keys: parseSealingKeys(env.SEALING_KEYS), random }),
  clock,
  random,
  log,
  metrics,
  config: {
    concurrentGenerationsMax: env.IMAGE_CONCURRENCY_MAX,
    waitingJobsMax: env.RUNNER_WAITING_MAX,
    heartbeatMs: env.RUNNER_HEARTBEAT_MS,
    lostAfterMs: env.RUNNER_LOST_AFTER_MS,
    generateTimeoutMs: env.GENERATE_TIMEOUT_MS,
  },
})

const disk = checkDisk({
  folders: { blobs: env.BLOB_DIR },
  freeBytesMin: env.DISK_FREE_BYTES_MIN,
})
const app = healthRoutes({
  checks: { ...runner.checks, disk },
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
lifecycle.add({ name: 'postgres', stop: () => postgres.close() })
const { SEALING_KEYS } = env
const given = { SEALING_KEYS }
lifecycle.add({
  name: 'secrets',
  start: () => verifySecretsAtStart(postgres.db, { given, log }),
})
lifecycle.add({ name: 'bus', stop: (limit) => bus.close(limit) })
lifecycle.add({ name: 'egress', stop: () => egress.close() })
lifecycle.add({
  name: 'image-runner',
  start: runner.start,
  stop: runner.stop,
  weight: GENERATION_WEIGHT,
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
