import type { ErrorBody } from './error-body.ts'
import { shownMessage } from './error-body.ts'
import { failureOf, treatments } from './failure-treatments.ts'
import type { AnswerHeaders } from './rate-limit-headers.ts'
import { readRetryAfterMs } from './rate-limit-headers.ts'
import type { FailureReason, UpstreamFailure } from './upstream.ts'

export interface FailedAnswer {
  status: number
  headers: AnswerHeaders
  body: ErrorBody
  nowMs: number
}

/** Turns an answer that is not a success into what dispatch should do about it. Pure. */
export function classifyAnswer({ status, headers, body, nowMs }: FailedAnswer): UpstreamFailure {
  const reason = reasonOfBody({ status, body }) ?? reasonOfStatus(status, body)
  const retryAfterMs = resting.has(reason) ? readRetryAfterMs(headers, nowMs) : undefined
  const dark = reason === 'server-error' && darkStatuses.has(status)
  return failureOf(reason, {
    status,
    retryAfterMs,
    ...explained(reason, body),
    ...(dark ? { mayHaveProduced: true } : {}),
  })
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
  return failureOf(reason, { status: 200, mayHaveProduced, ...explained(reason, body) })
}

/** Codes and types of error bodies that say more than the status does. */
const reasonsByCode: Readonly<Record<string, FailureReason>> = {
  moderation_blocked: 'content-refused',
  content_policy_violation: 'content-refused',
  image_content_policy_violation: 'content-refused',
  content_filter: 'content-refused',
  // Look-alikes in front of Azure pass its word on.
  responsibleaipolicyviolation: 'content-refused',
  context_length_exceeded: 'context-too-long',
  insufficient_quota: 'quota-spent',
  // OpenAI answers this one with 400 on the image routes.
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
  account_deactivated: 'banned',
  account_suspended: 'banned',
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

/** What a message says where no code does. Each row is for the statuses that it is known from. */
const reasonsByText: readonly {
  statuses: readonly number[]
  text: RegExp
  reason: FailureReason
}[] = [
  // "Your organization must be verified to use the model": true of this account and this model only.
  {
    statuses: [400, 403, 404],
    text: /model\b.{0,200}\b(not exist|not found)/i,
    reason: 'model-unknown',
  },
  { statuses: [403], text: /(access to|to use) (the )?model/i, reason: 'model-unknown' },
  {
    statuses: [401, 403],
    text: /deactivat|suspend|terminat|\bbanned\b|disabled/i,
    reason: 'banned',
  },
  { statuses: [403], text: /country|region|territory|location/i, reason: 'region-refused' },
  {
    statuses: [400, 403],
    text: /safety system|content policy|moderation/i,
    reason: 'content-refused',
  },
  // Not a bare "billing": the rate-limit message advertises the billing page.
  {
    statuses: [400, 403, 429],
    text: /current quota|insufficient (quota|balance|credit)|hard limit/i,
    reason: 'quota-spent',
  },
]

/** Statuses that mean one thing by themselves; the rest go by their hundred. */
const reasonsByStatus: Readonly<Record<number, FailureReason>> = {
  400: 'bad-request',
  401: 'unauthorised',
  402: 'quota-spent',
  403: 'unauthorised',
  404: 'misconfigured',
  405: 'misconfigured',
  // RFC 9110: the server did not get a whole request in its time.
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
  // Cloudflare's word for an origin that took the request and stayed silent.
  524: 'timeout',
  529: 'overloaded',
}

// A proxy in front lost sight of the origin, which may go on drawing.
const darkStatuses: ReadonlySet<number> = new Set([502, 520])

const resting: ReadonlySet<FailureReason> = new Set([
  'rate-limited',
  'quota-spent',
  'overloaded',
  'not-started',
] as const)

function reasonOfBody({
  status,
  body,
}: {
  status: number
  body: ErrorBody
}): FailureReason | undefined {
  const known = [body.code, body.type].find((word) => word !== undefined && word in reasonsByCode)
  if (known !== undefined) return reasonsByCode[known]
  const message = body.message?.slice(0, 2_000)
  if (message === undefined) return undefined
  return reasonsByText.find(({ statuses, text }) => statuses.includes(status) && text.test(message))
    ?.reason
}

function reasonOfStatus(status: number, { recognised }: ErrorBody): FailureReason {
  // A page instead of an envelope comes from a firewall in front: it never saw the account.
  if (status === 403 && !recognised) return 'region-refused'
  const reason = reasonsByStatus[status]
  if (reason !== undefined) return reason
  if (status >= 500) return 'server-error'
  if (status >= 400) return 'bad-request'
  return status >= 300 ? 'misconfigured' : 'answer-empty'
}

// Only a caller's own mistake is explained in the upstream's words: the others speak of our accounts.
function explained(reason: FailureReason, body: ErrorBody): { message?: string } {
  if (treatments[reason].failureClass !== 'caller-bad' || body.message === undefined) return {}
  return { message: shownMessage(body.message) || treatments[reason].message }
}
