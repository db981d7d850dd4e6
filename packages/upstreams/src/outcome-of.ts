import type { CredentialOperation, Outcome } from '@sluice/contracts/scheduler.contract'

import type { FailureReason, UpstreamFailure } from './upstream.ts'

export const OK: Outcome = { kind: 'ok' }
export const ABORTED: Outcome = { kind: 'aborted' }

/** The call that failed. */
export interface FailedUse {
  nowMs: number
  operation: CredentialOperation
  /** The upstream's name of the model; undefined for calls without one. */
  model?: string | undefined
}

// Caused by the channel, this server's location, the request or an abort: no evidence about the credential.
const notAboutCredential: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'aborted',
  'misconfigured',
  'region-refused',
  'request-refused',
])

/** The outcome of a failed call for its credential. Pure. */
export function outcomeOf(failure: UpstreamFailure, use: FailedUse): Outcome {
  const { failureClass, reason } = failure
  const { operation, model } = use
  if (reason && notAboutCredential.has(reason)) return ABORTED
  if (reason === 'permission-missing') return { kind: 'denied', operation, reason }
  if (reason === 'unauthorised-unclear') return { kind: 'refused', operation, reason }
  if (reason === 'model-unknown') {
    return model === undefined ? ABORTED : { kind: 'denied', model, reason }
  }
  switch (failureClass) {
    case 'credential-limited':
      return limited(failure, use)
    case 'credential-bad':
      return { kind: 'unauthorised', reason: reason ?? 'refused' }
    // The upstream accepted the credential before it rejected the request.
    case 'caller-bad':
      return OK
    case 'retry-here':
    case 'fatal':
      return ABORTED
    case 'retry-elsewhere':
      return { kind: 'failed', reason: reason ?? 'failed' }
  }
}

function limited(
  { reason, retryAfterMs }: UpstreamFailure,
  { nowMs, operation, model }: FailedUse,
): Outcome {
  const retryAt = retryAfterMs === undefined ? null : new Date(nowMs + retryAfterMs)
  // A quota applies to the account, a rate limit to the model.
  if (reason !== 'rate-limited') return { kind: 'limited', retryAt }
  // A rate limit of the models route does not apply to other calls.
  if (operation === 'models') return ABORTED
  return { kind: 'limited', retryAt, ...(model !== undefined && { model }) }
}
