import type { CredentialOperation, Outcome } from '@sluice/contracts/scheduler.contract'

import type { FailureReason, UpstreamFailure } from './upstream.ts'

export const OK: Outcome = { kind: 'ok' }
export const ABORTED: Outcome = { kind: 'aborted' }

/** What was called when the failure came. */
export interface FailedUse {
  nowMs: number
  operation: CredentialOperation
  /** The upstream's name of the model; undefined for calls without one. */
  model?: string | undefined
}

// True of the channel, of the place we call from, of the request, or of us: not of the credential.
const saysNothing: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'aborted',
  'misconfigured',
  'region-refused',
  'request-refused',
])

/** What a failed call says about the credential that it was made with. Pure. */
export function outcomeOf(failure: UpstreamFailure, use: FailedUse): Outcome {
  const { failureClass, reason } = failure
  const { operation, model } = use
  if (reason && saysNothing.has(reason)) return ABORTED
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

function limited(
  { reason, retryAfterMs }: UpstreamFailure,
  { nowMs, operation, model }: FailedUse,
): Outcome {
  const retryAt = retryAfterMs === undefined ? null : new Date(nowMs + retryAfterMs)
  // A spent quota is the account's, a rate limit is the model's.
  if (reason !== 'rate-limited') return { kind: 'limited', retryAt }
  // Asking for the list of models too often stops no call.
  if (operation === 'models') return ABORTED
  return { kind: 'limited', retryAt, ...(model !== undefined && { model }) }
}
