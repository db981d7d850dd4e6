import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { unreachable } from '@sluice/kernel/assert'
import type { UpstreamFailure } from '@sluice/upstreams/upstream'

/** What a call says about its credential. Pure. */
export function leaseOutcome(
  end:
    | { outcome: 'drawn' }
    | { outcome: 'stopped' }
    | { outcome: 'failed'; failure: UpstreamFailure },
  { nowMs }: { nowMs: number },
): Outcome {
  if (end.outcome === 'drawn') return { kind: 'ok' }
  if (end.outcome === 'stopped') return { kind: 'aborted' }
  const { failure } = end
  const reason = failure.reason ?? failure.code
  switch (failure.failureClass) {
    case 'credential-limited': {
      const { retryAfterMs } = failure
      return {
        kind: 'limited',
        retryAt: retryAfterMs === undefined ? null : new Date(nowMs + retryAfterMs),
      }
    }
    case 'credential-bad':
      return { kind: 'unauthorised', reason }
    case 'retry-here':
    case 'retry-elsewhere':
      // The account has no such model, or we called it off: neither is the credential's fault.
      if (reason === 'model-unknown' || reason === 'aborted') return { kind: 'aborted' }
      return { kind: 'failed', reason }
    case 'caller-bad':
    case 'fatal':
      return { kind: 'aborted' }
    default:
      return unreachable(failure.failureClass)
  }
}
