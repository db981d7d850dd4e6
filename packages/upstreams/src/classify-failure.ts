import type { ErrorBody } from './error-body.ts'
import { shownMessage } from './error-body.ts'
import { failureOf, treatments } from './failure-treatments.ts'
import type { AnswerHeaders } from './rate-limit-headers.ts'
import { missingScopesIn } from './missing-scopes.ts'
import { readRetryAfterMs } from './rate-limit-headers.ts'
import type { RefusedSubject } from './refusal-text.ts'
import { refusedSubject } from './refusal-text.ts'
import type { FailureReason, UpstreamFailure } from './upstream.ts'

export interface FailedAnswer {
  status: number
  headers: AnswerHeaders
  body: ErrorBody
  nowMs: number
  /** The upstream's name of the model that was called; undefined for calls without one. */
  model?: string | undefined
}

/** Classifies a response other than 2xx for dispatch. Pure. */
export function classifyAnswer(answer: FailedAnswer): UpstreamFailure {
  const { status, headers, body, nowMs } = answer
  const reason = reasonOfBody(answer) ?? reasonOfStatus(status, body)
  const retryAfterMs = retryAfterReasons.has(reason) ? readRetryAfterMs(headers, nowMs) : undefined
  const isUnknown = reason === 'server-error' && unknownResultStatuses.has(status)
  return failureOf(reason, {
    status,
    retryAfterMs,
    ...callerDetails(reason, body),
    ...(reason === 'permission-missing' && scopesOf(body)),
    ...(isUnknown ? { mayHaveProduced: true } : {}),
  })
}

function scopesOf({ message = '' }: ErrorBody): Pick<UpstreamFailure, 'missingScopes'> {
  const missingScopes = missingScopesIn(message)
  return missingScopes.length > 0 ? { missingScopes } : {}
}

/** Classifies an error event inside a stream that began with 200. Pure. */
export function classifyStreamError({
  body,
  mayHaveProduced,
}: {
  body: ErrorBody
  mayHaveProduced: boolean
}): UpstreamFailure {
  const reason = reasonOfBody({ status: 200, body }) ?? 'server-error'
  return failureOf(reason, { status: 200, mayHaveProduced, ...callerDetails(reason, body) })
}

/** Codes and types of error bodies; they take precedence over the status. */
const reasonsByCode: Readonly<Record<string, FailureReason>> = {
  moderation_blocked: 'content-refused',
  content_policy_violation: 'content-refused',
  image_content_policy_violation: 'content-refused',
  content_filter: 'content-refused',
  // Compatible services in front of Azure pass its code on.
  responsibleaipolicyviolation: 'content-refused',
  context_length_exceeded: 'context-too-long',
  insufficient_quota: 'quota-spent',
  // OpenAI sends this code with 400 on the image routes.
  billing_hard_limit_reached: 'quota-spent',
  billing_not_active: 'quota-spent',
  credit_balance_exhausted: 'quota-spent',
  organization_spend_limit_exceeded: 'quota-spent',
  project_spend_limit_exceeded: 'quota-spent',
  organization_usage_limit_exceeded: 'quota-spent',
  insufficient_user_quota: 'quota-spent',
  insufficient_balance: 'quota-spent',
  invalid_api_key: 'unauthorised',
  invalid_authentication: 'unauthorised',
  invalid_organization: 'unauthorised',
  api_key_expired: 'unauthorised',
  expired_api_key: 'unauthorised',
  api_key_revoked: 'unauthorised',
  api_key_disabled: 'unauthorised',
  api_key_invalid: 'unauthorised',
  account_deactivated: 'banned',
  account_suspended: 'banned',
  account_disabled: 'banned',
  user_suspended: 'banned',
  user_deactivated: 'banned',
  organization_disabled: 'banned',
  missing_scope: 'permission-missing',
  missing_scopes: 'permission-missing',
  insufficient_scope: 'permission-missing',
  insufficient_permissions: 'permission-missing',
  permission_error: 'permission-missing',
  organization_deactivated: 'banned',
  access_terminated: 'banned',
  unsupported_country_region_territory: 'region-refused',
  model_not_found: 'model-unknown',
  model_not_available: 'model-unknown',
  deploymentnotfound: 'model-unknown',
  rate_limit_exceeded: 'rate-limited',
  server_is_overloaded: 'overloaded',
  overloaded_error: 'overloaded',
  engine_overloaded: 'overloaded',
  slow_down: 'overloaded',
  server_error: 'server-error',
  invalid_image: 'image-refused',
  invalid_image_file: 'image-refused',
  invalid_image_format: 'image-refused',
  invalid_image_url: 'image-refused',
  invalid_mask_image_format: 'image-refused',
  invalid_base64_image: 'image-refused',
  image_parse_error: 'image-refused',
  image_too_large: 'image-refused',
  image_too_small: 'image-refused',
  image_file_too_large: 'image-refused',
  image_file_not_found: 'image-refused',
  unsupported_image_media_type: 'image-refused',
  empty_image_file: 'image-refused',
  failed_to_download_image: 'image-refused',
  unknown_parameter: 'unsupported',
  unsupported_parameter: 'unsupported',
  unsupported_value: 'unsupported',
}

/** A content refusal with any status, and inside a stream. */
const contentPattern =
  /safety (system|filter|polic)|content[ _-]?(filter|policy|polic|management|moderation)|moderation|usage polic|guardrail|flagged|内容|敏感|违规|审核/i

/** Reasons by message, for errors without a known code; each row for the statuses it was observed with. */
const reasonsByText: readonly {
  statuses: readonly number[]
  text: RegExp
  reason: FailureReason
}[] = [
  {
    statuses: [400, 404],
    text: /model\b.{0,200}\b(not exist|not found)/i,
    reason: 'model-unknown',
  },
  // Google sends this with 400.
  { statuses: [400], text: /^api key (not valid|expired)/i, reason: 'unauthorised' },
  { statuses: [200, 400, 422, 451], text: contentPattern, reason: 'content-refused' },
  // Not a bare "billing": the rate-limit message advertises the billing page.
  {
    statuses: [400, 403, 429],
    text: /current quota|insufficient (quota|balance|credit)|hard limit|余额不足|额度/i,
    reason: 'quota-spent',
  },
]

/** The reason of a 401 or 403, by the subject that its message refuses. */
const reasonsBySubject = {
  account: 'banned',
  key: 'unauthorised',
  operation: 'permission-missing',
  model: 'model-unknown',
  region: 'region-refused',
  request: 'request-refused',
} as const satisfies Record<RefusedSubject, FailureReason>

/** Reasons by status; other statuses are classified by their hundred. */
const reasonsByStatus: Readonly<Record<number, FailureReason>> = {
  400: 'bad-request',
  // The message does not name the key as invalid: see `refusedSubject`.
  401: 'unauthorised-unclear',
  402: 'quota-spent',
  403: 'request-refused',
  404: 'misconfigured',
  405: 'misconfigured',
  // RFC 9110: the server did not receive a complete request in time.
  408: 'not-started',
  409: 'not-started',
  413: 'bad-request',
  415: 'bad-request',
  422: 'bad-request',
  425: 'not-started',
  429: 'rate-limited',
  501: 'misconfigured',
  503: 'overloaded',
  504: 'timeout',
  // Cloudflare: the origin accepted the request and did not respond in time.
  524: 'timeout',
  529: 'overloaded',
}

// A proxy lost the connection to the origin, which may still generate an image.
const unknownResultStatuses: ReadonlySet<number> = new Set([502, 520])

const retryAfterReasons: ReadonlySet<FailureReason> = new Set([
  'rate-limited',
  'quota-spent',
  'overloaded',
  'not-started',
] as const)

function reasonOfBody({
  status,
  body,
  model,
}: {
  status: number
  body: ErrorBody
  model?: string | undefined
}): FailureReason | undefined {
  const known = [body.code, body.type].find((code) => code !== undefined && code in reasonsByCode)
  if (known !== undefined) return reasonsByCode[known]
  const message = body.message?.slice(0, 2_000)
  if (message === undefined) return undefined
  const row = reasonsByText.find(
    ({ statuses, text }) => statuses.includes(status) && text.test(message),
  )
  // A quota error that names the model applies to that model only.
  if (row?.reason === 'quota-spent' && mentions(message, model)) return 'rate-limited'
  if (row !== undefined) return row.reason
  return status === 401 || status === 403 ? reasonOfRefusal(message) : undefined
}

function reasonOfRefusal(message: string): FailureReason | undefined {
  const subject = refusedSubject(message)
  if (subject === undefined) return undefined
  if (subject === 'request' && contentPattern.test(message)) return 'content-refused'
  return reasonsBySubject[subject]
}

function mentions(message: string, model: string | undefined): boolean {
  return model !== undefined && model !== '' && message.toLowerCase().includes(model.toLowerCase())
}

function reasonOfStatus(status: number, { recognised }: ErrorBody): FailureReason {
  // An HTML page instead of an error object comes from a firewall that does not check the account.
  if (status === 403 && !recognised) return 'region-refused'
  const reason = reasonsByStatus[status]
  if (reason !== undefined) return reason
  if (status >= 500) return 'server-error'
  if (status >= 400) return 'bad-request'
  return status >= 300 ? 'misconfigured' : 'answer-empty'
}

// Only a caller's error has the upstream's message: other messages may contain details of the operator's
// accounts.
function callerDetails(reason: FailureReason, body: ErrorBody): Partial<UpstreamFailure> {
  // The region is that of this server: a retry from here has the same result.
  if (reason === 'region-refused' && body.recognised) return { code: 'upstream_rejected' }
  if (treatments[reason].failureClass !== 'caller-bad') return {}
  const { message, param, shownCode } = body
  return {
    ...(message !== undefined && { message: shownMessage(message) || treatments[reason].message }),
    ...(param !== undefined && { param }),
    ...(hasUsefulCode(reason, shownCode) && { upstreamCode: shownCode }),
  }
}

// Content refusals have one code of the gateway; a number instead of a code carries no information.
function hasUsefulCode(reason: FailureReason, code: string | undefined): code is string {
  return code !== undefined && reason !== 'content-refused' && !/^\d+$/.test(code)
}
