/** How billing behaves; what main.ts reads from the environment is in `environment.ts`. */
export interface BillingConfig {
  /** How long past its expiry a hold or allowance waits for late reports before it is released. */
  graceMs: number
  expireEveryMs: number
  sealEveryMs: number
  auditEveryMs: number
  /** How long a price may be unknown to this replica after another one added it. */
  pricesMaxAgeMs: number
}

export const defaultBillingConfig: BillingConfig = {
  graceMs: 10 * 60_000,
  expireEveryMs: 30_000,
  sealEveryMs: 15_000,
  auditEveryMs: 60 * 60_000,
  pricesMaxAgeMs: 30_000,
}
