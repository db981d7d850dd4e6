import type { ErrorBody } from './error-body.ts'
import { shownMessage } from './error-body.ts'
import { failureOf, treatments } from './failure-treatments.ts'
import type { AnswerHeaders } from './rate-limit-headers.ts'
import { missingScopesIn } from './missing-scopes.ts'
import { readRetryAfterMs } from './rate-limit-headers.ts'
import type { Refused } from './refusal-words.ts'
import { whatIsRefused } from './refusal-words.ts'
import type { FailureReason, UpstreamFailure } from './upstream.ts'

export interface FailedAnswer {
  status: number
  headers: AnswerHeaders
  body: ErrorBody
  nowMs: number
  /** The upstream's name of the model that was called; undefined for calls without one. */
  model?: string | undefined
}

/** Turns an answer that is not a success into what dispatch should do about it. Pure. */
export function classifyAnswer(answer: FailedAnswer): UpstreamFailure {
  const { status, headers, body, nowMs } = answer
  const reason = reasonOfBody(answer) ?? reasonOfStatus(status, body)
  const retryAfterMs = resting.has(reason) ? readRetryAfterMs(headers, nowMs) : undefined
  const dark = reason === 'server-error' && darkStatuses.has(status)
  return failureOf(reason, {
    status,
    retryAfterMs,
    ...explained(reason, body),
    ...(reason === 'permission-missing' && scopesOf(body)),
    ...(dark ? { mayHaveProduced: true } : {}),
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

/** Words that mean the same with every status that a refusal may have, and inside a stream. */
const contentWords =
  /safety (system|filter|polic)|content[ _-]?(filter|policy|polic|management|moderation)|moderation|usage polic|guardrail|flagged|内容|敏感|违规|审核/i

/** What a message says where no code does. Each row is for the statuses that it is known from. */
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
  // Google says so with a 400.
  { statuses: [400], text: /^api key (not valid|expired)/i, reason: 'unauthorised' },
  { statuses: [200, 400, 422, 451], text: contentWords, reason: 'content-refused' },
  // Not a bare "billing": the rate-limit message advertises the billing page.
  {
    statuses: [400, 403, 429],
    text: /current quota|insufficient (quota|balance|credit)|hard limit|余额不足|额度/i,
    reason: 'quota-spent',
  },
]

/** What a refusal with 401 or 403 means, by whom its words refuse. */
const reasonsByRefused = {
  account: 'banned',
  key: 'unauthorised',
  operation: 'permission-missing',
  model: 'model-unknown',
  region: 'region-refused',
  request: 'request-refused',
} as const satisfies Record<Refused, FailureReason>

/** Statuses that mean one thing by themselves; the rest go by their hundred. */
const reasonsByStatus: Readonly<Record<number, FailureReason>> = {
  400: 'bad-request',
  // Nothing says that the key is invalid: see `whatIsRefused`.
  401: 'unauthorised-unclear',
  402: 'quota-spent',
  403: 'request-refused',
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
  model,
}: {
  status: number
  body: ErrorBody
  model?: string | undefined
}): FailureReason | undefined {
  const known = [body.code, body.type].find((word) => word !== undefined && word in reasonsByCode)
  if (known !== undefined) return reasonsByCode[known]
  const message = body.message?.slice(0, 2_000)
  if (message === undefined) return undefined
  const row = reasonsByText.find(
    ({ statuses, text }) => statuses.includes(status) && text.test(message),
  )
  // A quota that names the model is spent for that model only.
  if (row?.reason === 'quota-spent' && names(message, model)) return 'rate-limited'
  if (row !== undefined) return row.reason
  return status === 401 || status === 403 ? reasonOfRefusal(message) : undefined
}

function reasonOfRefusal(message: string): FailureReason | undefined {
  const refused = whatIsRefused(message)
  if (refused === undefined) return undefined
  if (refused === 'request' && contentWords.test(message)) return 'content-refused'
  return reasonsByRefused[refused]
}

function names(message: string, model: string | undefined): boolean {
  return model !== undefined && model !== '' && message.toLowerCase().includes(model.toLowerCase())
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
function explained(reason: FailureReason, body: ErrorBody): Partial<UpstreamFailure> {
  // A region is ours, but asking again from here is of no use.
  if (reason === 'region-refused' && body.recognised) return { code: 'upstream_rejected' }
  if (treatments[reason].failureClass !== 'caller-bad') return {}
  const { message, param, shownCode } = body
  return {
    ...(message !== undefined && { message: shownMessage(message) || treatments[reason].message }),
    ...(param !== undefined && { param }),
    ...(namesMistake(reason, shownCode) && { upstreamCode: shownCode }),
  }
}

// A refusal for its content has one code of ours, and a bare status in the place of a code names nothing.
function namesMistake(reason: FailureReason, code: string | undefined): code is string {
  return code !== undefined && reason !== 'content-refused' && !/^\d+$/.test(code)
}
