import { integerSetting } from '@sluice/service-kit/read-config'
import { z } from 'zod'

/** Settings of the scheduler, the same in embedded and distributed mode. */
export interface SchedulerConfig {
  /** How often leases are reaped and the pool is read: the maximum age of the cached status. */
  backgroundEveryMs: number
  /** How often the version of the catalog is read, in case an announcement was lost. */
  catalogMaxAgeMs: number
}

export const defaultSchedulerConfig: SchedulerConfig = {
  backgroundEveryMs: 1_000,
  catalogMaxAgeMs: 500,
}

const d = defaultSchedulerConfig

/** What this service reads from the environment in distributed mode. */
export const schedulerEnvironment = z.object({
  /** For /health, /ready and /metrics; the contract is served over NATS. */
  PORT: integerSetting({ min: 0, max: 65_535 }).default(8082),
  HOST: z.string().default('0.0.0.0'),
  DATABASE_URL: z.string().min(1),
  DATABASE_POOL_MAX: integerSetting({ min: 1, max: 200 }).default(5),
  REDIS_URL: z.string().min(1),
  NATS_URL: z.string().min(1),
  NODE_ENV: z.string().default('development'),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  DRAIN_MS: integerSetting({ min: 100, max: 600_000 }).default(15_000),
  /** How long `/ready` answers 503 before the process stops; NATS calls are not balanced by it. */
  SHUTDOWN_DELAY_MS: integerSetting({ min: 0, max: 600_000 }).default(0),
  /** `name:n`, for the crash campaign; refused in production. */
  CRASH_AT: z.string().optional(),
  /** `id:base64[,id:base64]`, newest first; the same at every service. */
  SEALING_KEYS: z.string().min(1),
  BACKGROUND_EVERY_MS: integerSetting({ min: 100, max: 60_000 }).default(d.backgroundEveryMs),
  CATALOG_MAX_AGE_MS: integerSetting({ min: 100, max: 3_600_000 }).default(d.catalogMaxAgeMs),
})
