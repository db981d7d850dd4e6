import { integerSetting } from '@sluice/service-kit/read-config'
import { databaseEnvironment, serviceEnvironment } from '@sluice/service-kit/service-environment'
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
  // The port is for /health, /ready and /metrics; the contract is served over NATS.
  ...serviceEnvironment({ port: 8082, drainMs: 15_000 }),
  ...databaseEnvironment({ poolMax: 5 }),
  REDIS_URL: z.string().min(1),
  NATS_URL: z.string().min(1),
  /** `id:base64[,id:base64]`, newest first; the same at every service. */
  SEALING_KEYS: z.string().min(1),
  BACKGROUND_EVERY_MS: integerSetting({ min: 100, max: 60_000 }).default(d.backgroundEveryMs),
  CATALOG_MAX_AGE_MS: integerSetting({ min: 100, max: 3_600_000 }).default(d.catalogMaxAgeMs),
})
