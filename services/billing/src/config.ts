import { integerSetting } from '@sluice/service-kit/read-config'
import { z } from 'zod'

/** Settings of billing, the same in embedded and distributed mode. */
export interface BillingConfig {
  /** How long past its expiry a hold or allowance waits for late reports before it is released. */
  graceMs: number
  expireEveryMs: number
  /** Age after which a hold without a job is voided; far longer than any submission takes. */
  unusedHoldMs: number
  /** How often billing queries for holds without a job. */
  unusedEveryMs: number
  sealEveryMs: number
  /** How often the whole ledger is recomputed and compared. */
  auditEveryMs: number
  /** Maximum age of the cached price book when neither an announcement nor a new revision was read. */
  pricesMaxAgeMs: number
  /** Maximum ended jobs that one replica has received from the bus and not yet settled. */
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
  /** How long `/ready` answers 503 before the process stops; NATS calls are not balanced by it. */
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
