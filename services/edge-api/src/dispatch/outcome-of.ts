import type { Outcome } from '@sluice/contracts/scheduler.contract'
import type { FailureReason, UpstreamFailure } from '@sluice/upstreams/upstream'

export const OK: Outcome = { kind: 'ok' }
export const ABORTED: Outcome = { kind: 'aborted' }

// True of the channel, of the place we call from, or of us: the credential did nothing wrong.
const saysNothing: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'aborted',
  'misconfigured',
  'model-unknown',
  'region-refused',
])

/** What a failed attempt says about the credential that it was made with. Pure. */
export function outcomeOf(failure: UpstreamFailure, nowMs: number): Outcome {
  const { failureClass, reason, retryAfterMs } = failure
  if (reason && saysNothing.has(reason)) return ABORTED
  switch (failureClass) {
    case 'credential-limited': {
      const retryAt = retryAfterMs === undefined ? null : new Date(nowMs + retryAfterMs)
      return { kind: 'limited', retryAt }
    }
    case 'credential-bad':
      return { kind: 'unauthorised', reason: reason ?? 'refused' }
    // Whoever explains a mistake to the caller is up and let us in.
    case 'caller-bad':
      return OK
    case 'retry-here':
    case 'fatal':
      return ABORTED
    case 'retry-elsewhere':
      return { kind: 'failed', reason: reason ?? 'failed' }
  }
}
