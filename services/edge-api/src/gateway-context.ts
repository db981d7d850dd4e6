import type { JobHub } from '@sluice/jobs/job-hub'

import type { DailyQuotas } from './admit/daily-quotas.ts'
import type { CatalogReader } from './choose/catalog.ts'
import type { EdgeDeps } from './deps.ts'
import type { HoldReturns } from './images/hold-returns.ts'
import type { IntakeLimits } from './intake-limits.ts'
import type { Admitted, EdgeContext, RequestRecord } from './request.ts'
import type { Sweep } from './sweep.ts'

/** Requests that run here now. */
export interface Running {
  /** Chat requests, and the ids of those of them that hold a claim on an Idempotency-Key. */
  count: number
  claims: Set<string>
  /** Image requests at routes of their own. */
  images: number
}

/** What every route gets: the world, and the stations that all of them pass. */
export interface GatewayContext {
  deps: EdgeDeps
  /**
   * Who are you, and may you come in now: in that order. Gives the request its id, which from then on
   * stands in the answer's `x-request-id`, whoever writes the answer. Throws `invalid_api_key`,
   * `rate_limit_exceeded`, or `unavailable` when keys cannot be looked up.
   */
  admit(context: EdgeContext): Promise<Admitted>
  /** Models, prices and channels as of now; never a query. */
  catalog: CatalogReader
  /**
   * Events of image jobs. Made by the module of `deps.bus`, `deps.jobs`, clock and log
   * (`createJobHub({ bus, store: jobs, clock, log })`), started and stopped with it.
   */
  jobHub: JobHub
  /** What keys may spend a day; asked only for keys that have a quota. */
  quotas: DailyQuotas
  /** Holds that must be given back once billing answers. */
  holdReturns: HoldReturns
  /** Looks at everything that is under way once a second. */
  sweep: Sweep
  running: Running
  intake: IntakeLimits
  /** Aborts when this process begins to stop: for streams that would never end by themselves. */
  draining: AbortSignal
  /** Keeps one line of the request log; written later, in batches. */
  record(request: RequestRecord): void
}
