import type { FailureReason, UpstreamFailure } from './upstream.ts'

type Treatment = Pick<UpstreamFailure, 'failureClass' | 'code' | 'message' | 'mayHaveProduced'>

/**
 * Class, code and message of each reason. `mayHaveProduced` is false only where the upstream certainly did
 * not generate anything; otherwise it may charge for the call.
 */
export const treatments = {
  // Aborted by the caller's signal: no evidence about the upstream.
  aborted: {
    failureClass: 'fatal',
    code: 'upstream_timeout',
    message: 'The call to the upstream was aborted.',
    mayHaveProduced: true,
  },
  'answer-broken': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The upstream sent an invalid response.',
    mayHaveProduced: true,
  },
  'answer-cut': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The response of the upstream was incomplete.',
    mayHaveProduced: true,
  },
  'answer-empty': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The upstream sent an empty response.',
    mayHaveProduced: true,
  },
  'answer-too-large': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The response of the upstream was too large.',
    mayHaveProduced: true,
  },
  // The caller's error: every credential would get the same response.
  'bad-request': {
    failureClass: 'caller-bad',
    code: 'upstream_rejected',
    message: 'The upstream refused the request.',
    mayHaveProduced: false,
  },
  banned: {
    failureClass: 'credential-bad',
    code: 'upstream_failed',
    message: 'The upstream did not serve the request.',
    mayHaveProduced: false,
  },
  'connect-failed': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The upstream cannot be reached.',
    mayHaveProduced: false,
  },
  'connection-lost': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The connection to the upstream was lost.',
    mayHaveProduced: true,
  },
  'content-refused': {
    failureClass: 'caller-bad',
    code: 'content_policy_violation',
    message: 'The upstream refused the request for its content.',
    mayHaveProduced: false,
  },
  'context-too-long': {
    failureClass: 'caller-bad',
    code: 'context_length_exceeded',
    message: 'The request is longer than the model can read.',
    mayHaveProduced: false,
  },
  'image-refused': {
    failureClass: 'caller-bad',
    code: 'invalid_image',
    message: 'The upstream cannot read an input picture.',
    mayHaveProduced: false,
  },
  // Another channel may offer the model; not the credential's fault.
  'model-unknown': {
    failureClass: 'retry-elsewhere',
    code: 'model_not_found',
    message: 'The upstream does not offer this model.',
    mayHaveProduced: false,
  },
  // 408, 409, 425, and a pooled socket closed before the request was sent: the same call may be retried.
  'not-started': {
    failureClass: 'retry-here',
    code: 'upstream_failed',
    message: 'The upstream did not accept the request.',
    mayHaveProduced: false,
  },
  overloaded: {
    failureClass: 'retry-elsewhere',
    code: 'overloaded',
    message: 'The upstream is overloaded.',
    mayHaveProduced: false,
  },
  // A restricted key: its other operations work, and another key may have the permission.
  'permission-missing': {
    failureClass: 'credential-bad',
    code: 'upstream_failed',
    message: 'The upstream did not serve the request.',
    mayHaveProduced: false,
  },
  // Treated like a rate limit: the account works again once its quota is renewed.
  'quota-spent': {
    failureClass: 'credential-limited',
    code: 'overloaded',
    message: 'No upstream is available now.',
    mayHaveProduced: false,
  },
  'rate-limited': {
    failureClass: 'credential-limited',
    code: 'overloaded',
    message: 'No upstream is available now.',
    mayHaveProduced: false,
  },
  // This server's location or address is refused (region, firewall page), not the account.
  'region-refused': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The upstream did not serve the request.',
    mayHaveProduced: false,
  },
  // A 401 or 403 whose message does not name account or key: another key gets the same response.
  'request-refused': {
    failureClass: 'caller-bad',
    code: 'upstream_rejected',
    message: 'The upstream refused the request.',
    mayHaveProduced: false,
  },
  'server-error': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The upstream failed.',
    mayHaveProduced: false,
  },
  timeout: {
    failureClass: 'retry-elsewhere',
    code: 'upstream_timeout',
    message: 'The upstream did not answer in time.',
    mayHaveProduced: true,
  },
  'tls-failed': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The TLS certificate of the upstream is not trusted.',
    mayHaveProduced: false,
  },
  unauthorised: {
    failureClass: 'credential-bad',
    code: 'upstream_failed',
    message: 'The upstream did not serve the request.',
    mayHaveProduced: false,
  },
  // A 401 without a clear message: the key may be invalid.
  'unauthorised-unclear': {
    failureClass: 'credential-bad',
    code: 'upstream_failed',
    message: 'The upstream did not serve the request.',
    mayHaveProduced: false,
  },
  unsupported: {
    failureClass: 'caller-bad',
    code: 'unsupported_parameter',
    message: 'The upstream does not support a parameter of the request.',
    mayHaveProduced: false,
  },
  // A redirect, a missing route, invalid settings: an operator has to correct the channel.
  misconfigured: {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The upstream did not serve the request.',
    mayHaveProduced: false,
  },
} as const satisfies Record<FailureReason, Treatment>

/** The failure for a reason, with further known details. */
export function failureOf(
  reason: FailureReason,
  details: Partial<Omit<UpstreamFailure, 'reason' | 'failureClass'>> = {},
): UpstreamFailure {
  const nothing = { status: undefined, retryAfterMs: undefined }
  return { ...nothing, ...treatments[reason], ...details, reason }
}
