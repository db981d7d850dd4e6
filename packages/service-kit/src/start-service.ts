import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import { systemRandom } from '@sluice/kernel/random'
import type { Env, Hono } from 'hono'
import type { DestinationStream } from 'pino'
import type { z } from 'zod'

import { armCrashPoint } from './crash-point.ts'
import type { HealthCheck } from './http/health.ts'
import { healthRoutes } from './http/health.ts'
import type { HttpServer, ServeHttpOptions } from './http/serve-http.ts'
import { serveHttp } from './http/serve-http.ts'
import type { Lifecycle, Part } from './lifecycle.ts'
import { createLifecycle } from './lifecycle.ts'
import { createLog } from './log.ts'
import type { Metrics } from './metrics.ts'
import { createMetrics } from './metrics.ts'
import { readConfig } from './read-config.ts'
import type { Host } from './run-until-signal.ts'
import { runUntilSignal } from './run-until-signal.ts'
import type { serviceEnvironment } from './service-environment.ts'

type CommonSettings = z.output<z.ZodObject<ReturnType<typeof serviceEnvironment>>>

/** What every service has before it connects to anything. */
export interface ServiceBase<Settings> {
  name: string
  env: Settings
  clock: Clock
  random: Random
  log: Log
  metrics: Metrics
}

/** What is particular to a service. */
export interface ServiceWiring<E extends Env> {
  /** For /ready. */
  checks: Record<string, HealthCheck>
  /** Started in this order, then the HTTP server; stopped in reverse. */
  parts: readonly Part[]
  /** Answers requests, those of the health routes included; the health routes alone by default. */
  app?: (health: Hono) => Pick<Hono<E>, 'fetch'>
  http?: HttpSettings
}

interface HttpSettings extends Pick<ServeHttpOptions<Env>, 'allowedOrigins' | 'limits'> {
  /** Relative share of the drain time. */
  weight?: number
  /** Called before the server waits for running requests. */
  beforeClose?: () => void
}

/**
 * The whole of a service's main.ts: reads the environment, opens the log and the metrics, lets `wire` connect
 * and build the service, serves HTTP with the health routes, and ends the process on SIGTERM or SIGINT after
 * the parts have drained. A failure of `wire` or of a part is logged and ends the process with 1.
 */
export async function startService<Settings extends CommonSettings, E extends Env = Env>(
  service: {
    name: string
    environment: z.ZodType<Settings>
    wire: (base: ServiceBase<Readonly<Settings>>) => Promise<ServiceWiring<E>>
  },
  { variables, host = process, destination }: ProcessParts = {},
): Promise<void> {
  const { name } = service
  const clock = systemClock
  const env = readConfig(service.environment, variables)
  const log = createLog({ name, level: env.LOG_LEVEL, ...(destination && { destination }) })
  const metrics = createMetrics({ service: name, processMetrics: true })
  if (env.CRASH_AT) armCrashPoint({ ...env.CRASH_AT, nodeEnv: env.NODE_ENV })
  const base = { name, env, clock, random: systemRandom, log, metrics }
  const lifecycle = createLifecycle({
    log,
    clock,
    drainMs: env.DRAIN_MS,
    shutdownDelayMs: env.SHUTDOWN_DELAY_MS,
  })
  // Adds the other parts, so that a signal or a failure while it connects ends the process in the same way.
  lifecycle.add({
    name: 'wiring',
    start: async () => {
      const wiring = await service.wire(base)
      for (const part of wiring.parts) lifecycle.add(part)
      lifecycle.add(httpPart({ ...base, lifecycle }, wiring))
    },
  })
  await runUntilSignal({ lifecycle, log, host })
}

/** What a test replaces of the process. */
export interface ProcessParts {
  /** The environment. */
  variables?: Record<string, string | undefined>
  host?: Host
  /** Of the log; standard output by default. */
  destination?: DestinationStream
}

function httpPart<E extends Env>(
  { env, clock, log, metrics, lifecycle }: ServiceBase<CommonSettings> & { lifecycle: Lifecycle },
  { checks, app = (health) => health, http = {} }: ServiceWiring<E>,
): Part {
  const { weight = 1, beforeClose, ...options } = http
  const stopping = () => lifecycle.stopping()
  let server: HttpServer | undefined
  return {
    name: 'http',
    weight,
    start: async () => {
      const routes = app(healthRoutes({ checks, metrics, clock, stopping }))
      const { PORT: port, HOST: host } = env
      server = await serveHttp({ ...options, app: routes, port, host, log, clock })
      log.info({ url: server.url }, 'listening')
    },
    announceStop: () => server?.announceClose(),
    stop: async (limit) => {
      beforeClose?.()
      await server?.close(limit)
    },
  }
}
