import { createDiskBlobStore } from '@sluice/blobs/disk-blob-store'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { armCrashPoint, parseCrashAt } from '@sluice/service-kit/crash-point'
import { healthRoutes } from '@sluice/service-kit/http/health'
import { createNotFoundHandler } from '@sluice/service-kit/http/middleware'
import type { RequestEnv } from '@sluice/service-kit/http/middleware'
import type { HttpServer } from '@sluice/service-kit/http/serve-http'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { createLifecycle } from '@sluice/service-kit/lifecycle'
import { createLog } from '@sluice/service-kit/log'
import { createMetrics } from '@sluice/service-kit/metrics'
import { readConfig } from '@sluice/service-kit/read-config'
import { runUntilSignal } from '@sluice/service-kit/run-until-signal'
import { parseSigningKeys } from '@sluice/signing/parse-signing-keys'
import { createPictureLinks } from '@sluice/signing/picture-links'
import { Hono } from 'hono'

import { imgproxyEnvironment } from './config.ts'
import { createImgproxy } from './module.ts'

// DISTRIBUTED WIRING: a blob folder shared by all services, and an HTTP port.
const env = readConfig(imgproxyEnvironment)
const clock = systemClock
const random = systemRandom
const log = createLog({ name: 'imgproxy', level: env.LOG_LEVEL })
const metrics = createMetrics({ service: 'imgproxy', processMetrics: true })
const crashAt = env.CRASH_AT === undefined ? undefined : parseCrashAt(env.CRASH_AT)
if (crashAt) armCrashPoint({ ...crashAt, nodeEnv: env.NODE_ENV })

const imgproxy = createImgproxy({
  // Imgproxy only verifies links: the base URL is used for signing only.
  links: createPictureLinks({
    baseUrl: 'http://imgproxy.invalid',
    keys: parseSigningKeys(env.SIGNING_KEYS),
    clock,
  }),
  blobs: createDiskBlobStore({ folder: env.BLOB_DIR, clock, random }),
  clock,
  random,
  log,
  metrics,
  limits: {
    renderingMax: env.VARIANTS_RENDERING_MAX,
    waitingMax: env.VARIANTS_WAITING_MAX,
    cacheBytesMax: env.VARIANT_CACHE_BYTES_MAX,
  },
})

const app = new Hono<RequestEnv>()
app.route('/', imgproxy.app)
app.route(
  '/',
  healthRoutes({ checks: imgproxy.checks, metrics, clock, stopping: () => lifecycle.stopping() }),
)
app.notFound(createNotFoundHandler())

const lifecycle = createLifecycle({
  log,
  clock,
  drainMs: env.DRAIN_MS,
  shutdownDelayMs: env.SHUTDOWN_DELAY_MS,
})
let server: HttpServer | undefined
lifecycle.add({ name: 'imgproxy', start: imgproxy.start, stop: imgproxy.stop })
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
