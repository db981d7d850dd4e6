import { integerSetting } from '@sluice/service-kit/read-config'
import { databaseEnvironment, serviceEnvironment } from '@sluice/service-kit/service-environment'
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
  // The port is for /health, /ready and /metrics; the contract is served over NATS.
  ...serviceEnvironment({ port: 8083, drainMs: 15_000 }),
  ...databaseEnvironment({ poolMax: 10 }),
  NATS_URL: z.string().min(1),
  HOLD_GRACE_MS: integerSetting({ min: 1_000, max: 86_400_000 }).default(d.graceMs),
  EXPIRE_EVERY_MS: integerSetting({ min: 100, max: 3_600_000 }).default(d.expireEveryMs),
  UNUSED_HOLD_MS: integerSetting({ min: 10_000, max: 3_600_000 }).default(d.unusedHoldMs),
  UNUSED_EVERY_MS: integerSetting({ min: 100, max: 3_600_000 }).default(d.unusedEveryMs),
  SEAL_EVERY_MS: integerSetting({ min: 100, max: 86_400_000 }).default(d.sealEveryMs),
  AUDIT_EVERY_MS: integerSetting({ min: 1_000, max: 604_800_000 }).default(d.auditEveryMs),
})
