import type { JobHub } from '@sluice/jobs/job-hub'

import type { DailyQuotas } from './limits/daily-quotas.ts'
import type { CatalogReader } from './routing/catalog.ts'
import type { EdgeDeps } from './deps.ts'
import type { HoldReturns } from './credit/hold-returns.ts'
import type { IntakeLimits } from './intake-limits.ts'
import type { Admitted, EdgeContext, RequestRecord } from './http/request.ts'
import type { Sweep } from './http/sweep.ts'

/** Requests running in this process. */
export interface Running {
  /** Number of chat requests, and the ids of those that hold a claim on an Idempotency-Key. */
  count: number
  claims: Set<string>
  /** Number of image requests at the image routes. */
  images: number
}

/** Dependencies and shared components of every route. */
export interface GatewayContext {
  deps: EdgeDeps
  /**
   * Authenticates the request, then applies its rate limit. Assigns the request id and sets it as the
   * response's `x-request-id`. Throws `invalid_api_key`, `rate_limit_exceeded`, or `unavailable` when keys
   * cannot be looked up.
   */
  admit(context: EdgeContext): Promise<Admitted>
  /** Current models, prices and channels, in memory. */
  catalog: CatalogReader
  /**
   * Events of image jobs. Created by the module (`createJobHub({ bus, store: jobs, clock, log })`), and
   * started and stopped with it.
   */
  jobHub: JobHub
  /** Daily quotas of API keys; used only for keys that have one. */
  quotas: DailyQuotas
  /** Holds to release as soon as billing is available. */
  holdReturns: HoldReturns
  /** Ticks everything in progress once a second. */
  sweep: Sweep
  running: Running
  intake: IntakeLimits
  /** Aborts when this process begins to stop, to end open-ended streams. */
  draining: AbortSignal
  /** Adds one row to the request log; written later, in batches. */
  record(request: RequestRecord): void
}
