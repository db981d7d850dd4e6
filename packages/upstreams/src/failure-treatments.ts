import type { FailureReason, UpstreamFailure } from './upstream.ts'

type Treatment = Pick<UpstreamFailure, 'failureClass' | 'code' | 'message' | 'mayHaveProduced'>

/**
 * What is done about each reason. `mayHaveProduced` is false only where the upstream has said or shown
 * that it did not draw: everything that ends in the dark may be on its bill.
 */
export const treatments = {
  // Our own signal: says nothing about the upstream, and whoever aborted knows what to do.
  aborted: {
    failureClass: 'fatal',
    code: 'upstream_timeout',
    message: 'The call to the upstream was called off.',
    mayHaveProduced: true,
  },
  'answer-broken': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The upstream sent an answer that cannot be read.',
    mayHaveProduced: true,
  },
  'answer-cut': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The answer of the upstream ended before it was whole.',
    mayHaveProduced: true,
  },
  'answer-empty': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The upstream answered with nothing.',
    mayHaveProduced: true,
  },
  'answer-too-large': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The upstream sent more than we take.',
    mayHaveProduced: true,
  },
  // The caller's own mistake: another credential would be told the same, and none is to blame.
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
  // Another channel may still offer the model; the credential did nothing wrong.
  'model-unknown': {
    failureClass: 'retry-elsewhere',
    code: 'model_not_found',
    message: 'The upstream does not offer this model.',
    mayHaveProduced: false,
  },
  // 408, 409, 425, and a kept socket that was closed before a byte went out: the same call may go again.
  'not-started': {
    failureClass: 'retry-here',
    code: 'upstream_failed',
    message: 'The upstream did not take the request.',
    mayHaveProduced: false,
  },
  overloaded: {
    failureClass: 'retry-elsewhere',
    code: 'overloaded',
    message: 'The upstream is overloaded.',
    mayHaveProduced: false,
  },
  // A restricted key: other operations of it go on, and another key may have the permission.
  'permission-missing': {
    failureClass: 'credential-bad',
    code: 'upstream_failed',
    message: 'The upstream did not serve the request.',
    mayHaveProduced: false,
  },
  // The account rests like a limited one: somebody pays the bill, and it serves again.
  'quota-spent': {
    failureClass: 'credential-limited',
    code: 'overloaded',
    message: 'No upstream is free now.',
    mayHaveProduced: false,
  },
  'rate-limited': {
    failureClass: 'credential-limited',
    code: 'overloaded',
    message: 'No upstream is free now.',
    mayHaveProduced: false,
  },
  // The place we call from is refused (region, firewall page): a fact about our egress, not the account.
  'region-refused': {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The upstream did not serve the request.',
    mayHaveProduced: false,
  },
  // A 401 or 403 in words that do not name the account or key: another key is told the same.
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
    message: 'The upstream cannot be trusted to be who it says.',
    mayHaveProduced: false,
  },
  unauthorised: {
    failureClass: 'credential-bad',
    code: 'upstream_failed',
    message: 'The upstream did not serve the request.',
    mayHaveProduced: false,
  },
  // A 401 without words: the key may be invalid, and nothing says so.
  'unauthorised-unclear': {
    failureClass: 'credential-bad',
    code: 'upstream_failed',
    message: 'The upstream did not serve the request.',
    mayHaveProduced: false,
  },
  unsupported: {
    failureClass: 'caller-bad',
    code: 'unsupported_parameter',
    message: 'The upstream cannot do what a parameter asks.',
    mayHaveProduced: false,
  },
  // A redirect, a missing route, settings that do not parse: only an operator can mend the channel.
  misconfigured: {
    failureClass: 'retry-elsewhere',
    code: 'upstream_failed',
    message: 'The upstream did not serve the request.',
    mayHaveProduced: false,
  },
} as const satisfies Record<FailureReason, Treatment>

/** A failure by its reason, with what is known beyond the table. */
export function failureOf(
  reason: FailureReason,
  known: Partial<Omit<UpstreamFailure, 'reason' | 'failureClass'>> = {},
): UpstreamFailure {
  const nothing = { status: undefined, retryAfterMs: undefined }
  return { ...nothing, ...treatments[reason], ...known, reason }
}
