import type { Lease, Scheduler } from '@sluice/contracts/scheduler.contract'
import { isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

const ANSWER_WITHIN_MS = 10_000
const AWAY_RETRY_MS = 1_000
const RETRY_MS_MIN = 20
/** The scheduler's word may be a minute away; an operator may add a credential before. */
const RETRY_MS_MAX = 5_000

export type SchedulerAnswer =
  | { outcome: 'granted'; lease: Lease }
  | { outcome: 'none'; reason: string }
  | { outcome: 'busy'; afterMs: number }

export interface GrantDeps {
  scheduler: Pick<Scheduler, 'grantLease'>
  clock: Clock
  log: Log
  /** Who asks: this runner's id. */
  holder: string
  leaseTtlMs: number
}

/** Asks for a lease. Never rejects: with the scheduler away the answer is to come back later. */
export async function requestLease(
  { scheduler, clock, log, holder, leaseTtlMs }: GrantDeps,
  {
    model,
    exclude = [],
    signal,
  }: { model: string; exclude?: readonly string[] | undefined; signal: AbortSignal },
): Promise<SchedulerAnswer> {
  const late = new AbortController()
  const cancel = clock.after(ANSWER_WITHIN_MS, () => late.abort(new Error('no answer in time')))
  try {
    const answer = await scheduler.grantLease(
      { model, kind: 'image', holder, ttlMs: leaseTtlMs, exclude: [...exclude] },
      { signal: AbortSignal.any([signal, late.signal]) },
    )
    if (answer.outcome !== 'busy') return answer
    const afterMs = answer.retryAt.getTime() - clock.nowMs()
    return { outcome: 'busy', afterMs: Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, afterMs)) }
  } catch (err) {
    const level = isAppError(err, 'unavailable') ? 'warn' : 'error'
    if (!signal.aborted) log[level]({ err, model }, 'no lease could be asked for')
    return { outcome: 'busy', afterMs: AWAY_RETRY_MS }
  } finally {
    cancel()
  }
}
