import { z } from 'zod'

import { parseCrashAt } from './crash-point.ts'
import { integerSetting } from './read-config.ts'

export interface ServiceDefaults {
  port: number
  /** The address to listen on; every interface by default. */
  host?: string
  drainMs: number
  /** 0 for a service that no load balancer calls. */
  shutdownDelayMs?: number
}

/** The variables that every process reads, as members of its schema; `startService` uses them. */
export const serviceEnvironment = ({
  port,
  host = '0.0.0.0',
  drainMs,
  shutdownDelayMs = 0,
}: ServiceDefaults) => ({
  PORT: integerSetting({ min: 0, max: 65_535 }).default(port),
  HOST: z.string().default(host),
  NODE_ENV: z.string().default('development'),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  /** How long running work may take to complete at shutdown. */
  DRAIN_MS: integerSetting({ min: 100, max: 86_400_000 }).default(drainMs),
  /** How long `/ready` answers 503 before the listener closes. */
  SHUTDOWN_DELAY_MS: integerSetting({ min: 0, max: 600_000 }).default(shutdownDelayMs),
  /** `name:n`, for the crash tests; refused in production. */
  CRASH_AT: crashAtSetting.optional(),
})

/** The variables of a process that connects to PostgreSQL. */
export const databaseEnvironment = ({ poolMax }: { poolMax: number }) => ({
  DATABASE_URL: z.string().min(1),
  DATABASE_POOL_MAX: integerSetting({ min: 1, max: 1_000 }).default(poolMax),
})

// A point that cannot be parsed would not be armed, and the crash test would pass without a crash.
const crashAtSetting = z.string().transform((text, context) => {
  const point = parseCrashAt(text)
  if (point !== undefined) return point
  context.addIssue('must be name:n, such as job-stored:1')
  return z.NEVER
})
