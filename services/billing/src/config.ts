import { integerSetting } from '@sluice/service-kit/read-config'
import { z } from 'zod'

/** How billing behaves, the same in both wirings. */
export interface BillingConfig {
  /** How long past its expiry a hold or allowance waits for late reports before it is released. */
  graceMs: number
  expireEveryMs: number
  /** How old a hold without a job must be to be given back; far longer than any submission takes. */
  unusedHoldMs: number
  /** How often holds without a job are looked for. */
  unusedEveryMs: number
  sealEveryMs: number
  /** How often the whole book is derived anew and compared. */
  auditEveryMs: number
  /** How long a price may be unknown to this replica when neither its announcement nor its revision was read. */
  pricesMaxAgeMs: number
  /** Ended jobs that one replica has taken from the bus and not yet settled. */
  jobsInFlightMax: number
}

export const defaultBillingConfig: BillingConfig = {
  graceMs: 10 * 60_000,
  expireEveryMs: 30_000,
  unusedHoldMs: 60_000,
  unusedEveryMs: 15_000,
  sealEveryMs: 60_000,
  auditEveryMs: 60 * 60_000,
  pricesMaxAgeMs: 30_000,
  jobsInFlightMax: 32,
}

const d = defaultBillingConfig

/** What this service reads from the environment in distributed mode. */
export const billingEnvironment = z.object({
  /** For /health, /ready and /metrics; the contract is served over NATS. */
  PORT: integerSetting({ min: 0, max: 65_535 }).default(8083),
  HOST: z.string().default('0.0.0.0'),
  DATABASE_URL: z.string().min(1),
  DATABASE_POOL_MAX: integerSetting({ min: 1, max: 200 }).default(10),
  NATS_URL: z.string().min(1),
  NODE_ENV: z.string().default('development'),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  DRAIN_MS: integerSetting({ min: 100, max: 600_000 }).default(15_000),
  /** `/ready` says no for so long before the process stops; nobody balances calls by it. */
  SHUTDOWN_DELAY_MS: integerSetting({ min: 0, max: 600_000 }).default(0),
  /** `name:n`, for the crash campaign; refused in production. */
  CRASH_AT: z.string().optional(),
  HOLD_GRACE_MS: integerSetting({ min: 1_000, max: 86_400_000 }).default(d.graceMs),
  EXPIRE_EVERY_MS: integerSetting({ min: 100, max: 3_600_000 }).default(d.expireEveryMs),
  UNUSED_HOLD_MS: integerSetting({ min: 10_000, max: 3_600_000 }).default(d.unusedHoldMs),
  UNUSED_EVERY_MS: integerSetting({ min: 100, max: 3_600_000 }).default(d.unusedEveryMs),
  SEAL_EVERY_MS: integerSetting({ min: 100, max: 86_400_000 }).default(d.sealEveryMs),
  AUDIT_EVERY_MS: integerSetting({ min: 1_000, max: 604_800_000 }).default(d.auditEveryMs),
})
