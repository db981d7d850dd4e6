import type { Lease, Scheduler } from '@sluice/contracts/scheduler.contract'
import { isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

const RESPONSE_TIMEOUT_MS = 10_000
const UNAVAILABLE_RETRY_MS = 1_000
const RETRY_MS_MIN = 20
/** `retryAt` may be a minute ahead, but an operator may add a credential earlier. */
const RETRY_MS_MAX = 5_000

export type LeaseResult =
  | { outcome: 'granted'; lease: Lease }
  | { outcome: 'none'; reason: string }
  | { outcome: 'busy'; afterMs: number }

export interface GrantDeps {
  scheduler: Pick<Scheduler, 'grantLease'>
  clock: Clock
  log: Log
  /** This runner's id. */
  holder: string
  leaseTtlMs: number
}

/** Requests a lease. Never rejects: returns `busy` while the scheduler is unavailable. */
export async function requestLease(
  { scheduler, clock, log, holder, leaseTtlMs }: GrantDeps,
  {
    model,
    exclude = [],
    signal,
  }: { model: string; exclude?: readonly string[] | undefined; signal: AbortSignal },
): Promise<LeaseResult> {
  const timeout = new AbortController()
  const cancel = clock.after(RESPONSE_TIMEOUT_MS, () =>
    timeout.abort(new Error('no response in time')),
  )
  try {
    const result = await scheduler.grantLease(
      { model, kind: 'image', holder, ttlMs: leaseTtlMs, exclude: [...exclude] },
      { signal: AbortSignal.any([signal, timeout.signal]) },
    )
    if (result.outcome !== 'busy') return result
    const afterMs = result.retryAt.getTime() - clock.nowMs()
    return { outcome: 'busy', afterMs: Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, afterMs)) }
  } catch (err) {
    const level = isAppError(err, 'unavailable') ? 'warn' : 'error'
    if (!signal.aborted) log[level]({ err, model }, 'the lease request failed')
    return { outcome: 'busy', afterMs: UNAVAILABLE_RETRY_MS }
  } finally {
    cancel()
  }
}
