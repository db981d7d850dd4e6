/** What callers and operators may meet. `status` is HTTP; `retryable` says whether the same request may succeed later. */
interface ErrorMeaning {
  status: number
  retryable: boolean
  meaning: string
}

// Statuses follow what OpenAI SDKs retry by themselves (client-contracts §1.10): 408, 409, 429 and
// 5xx are repeated by every SDK unless we say `x-should-retry: false`; so a permanent conflict is 422.
export const errorCodes = {
  invalid_json: { status: 400, retryable: false, meaning: 'The body is not JSON.' },
  invalid_value: {
    status: 400,
    retryable: false,
    meaning: 'A parameter has a value we cannot use.',
  },
  weak_password: {
    status: 400,
    retryable: false,
    meaning: 'A new password is easy to guess: common, repeated, or made of the e-mail address.',
  },
  missing_required_parameter: {
    status: 400,
    retryable: false,
    meaning: 'A parameter that we need is absent.',
  },
  unsupported_parameter: {
    status: 400,
    retryable: false,
    meaning: 'The model or upstream cannot do what a parameter asks.',
  },
  content_policy_violation: {
    status: 400,
    retryable: false,
    meaning: 'The upstream refused the request for its content. Nothing was charged.',
  },
  invalid_image: {
    status: 400,
    retryable: false,
    meaning: 'An input picture cannot be read, or is of a type we do not take.',
  },
  context_length_exceeded: {
    status: 400,
    retryable: false,
    meaning: 'The conversation is longer than the model can read.',
  },
  upstream_rejected: {
    status: 400,
    retryable: false,
    meaning: 'The upstream refused the request as malformed.',
  },
  invalid_api_key: {
    status: 401,
    retryable: false,
    meaning: 'No API key, or one that is unknown, revoked or expired.',
  },
  invalid_session: {
    status: 401,
    retryable: false,
    meaning: 'Nobody is signed in, or the session has ended. Sign in again.',
  },
  wrong_credentials: {
    status: 401,
    retryable: false,
    meaning: 'The e-mail or the password is wrong. The answer does not say which.',
  },
  insufficient_credit: {
    status: 402,
    retryable: false,
    meaning: 'The wallet cannot pay for the worst case of this request.',
  },
  permission_denied: {
    status: 403,
    retryable: false,
    meaning: 'The API key or the account may not do this.',
  },
  address_not_allowed: {
    status: 403,
    retryable: false,
    meaning: 'The API key may not be used from the address that the request came from.',
  },
  account_banned: {
    status: 403,
    retryable: false,
    meaning: 'The account was closed by an operator. Its sessions and keys have ended.',
  },
  registration_closed: {
    status: 403,
    retryable: false,
    meaning: 'People cannot make accounts here by themselves; an operator makes them.',
  },
  cross_site_refused: {
    status: 403,
    retryable: false,
    meaning: 'A change with a session cookie that another site asked for.',
  },
  invalid_signature: {
    status: 403,
    retryable: false,
    meaning: 'A picture link is forged, damaged or made with an unknown key.',
  },
  link_expired: {
    status: 403,
    retryable: false,
    meaning: 'A picture link is past its expiry; read the task for a fresh one.',
  },
  model_not_found: {
    status: 404,
    retryable: false,
    meaning: 'No such model, or this API key may not use it.',
  },
  task_not_found: {
    status: 404,
    retryable: false,
    meaning: 'No such task, or it belongs to somebody else.',
  },
  not_found: { status: 404, retryable: false, meaning: 'No such route or thing.' },
  method_not_allowed: {
    status: 405,
    retryable: false,
    meaning: 'The route exists, the method does not.',
  },
  request_timeout: {
    status: 408,
    retryable: true,
    meaning: 'The body came too slowly, or stopped coming.',
  },
  request_in_progress: {
    status: 409,
    retryable: true,
    meaning: 'The same Idempotency-Key is running; come back for its answer.',
  },
  not_cancellable: {
    status: 422,
    retryable: false,
    meaning: 'The task is already drawn, or has ended.',
  },
  idempotency_conflict: {
    status: 422,
    retryable: false,
    meaning: 'The Idempotency-Key was used with another body.',
  },
  too_many_api_keys: {
    status: 422,
    retryable: false,
    meaning: 'You have as many API keys as one person may have. Revoke one that is not used.',
  },
  api_key_revoked: {
    status: 422,
    retryable: false,
    meaning: 'The API key was revoked, and nothing of it can be changed any more.',
  },
  email_taken: {
    status: 422,
    retryable: false,
    meaning: 'There is an account with this e-mail already.',
  },
  name_taken: {
    status: 422,
    retryable: false,
    meaning: 'Another thing of this kind has this name already.',
  },
  last_admin: {
    status: 422,
    retryable: false,
    meaning: 'Without this person nobody could administer the gateway. Make another admin first.',
  },
  body_too_large: {
    status: 413,
    retryable: false,
    meaning: 'The body, or one file in it, is over its cap.',
  },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    meaning: 'The Content-Type or Content-Encoding is not one we read.',
  },
  rate_limit_exceeded: {
    status: 429,
    retryable: true,
    meaning: 'The API key asked more often than its limit allows.',
  },
  // 429 as at OpenAI, whose clients know it for a quota that is used up. Waiting a minute does not help, so
  // `x-should-retry: false` is said, and `Retry-After` names the end of the day.
  daily_quota_exceeded: {
    status: 429,
    retryable: false,
    meaning: 'The API key may not spend so much more today. Its quota begins anew at midnight UTC.',
  },
  too_many_attempts: {
    status: 429,
    retryable: true,
    meaning: 'Too many attempts to sign in or to register. Wait as long as the answer says.',
  },
  caller_gone: {
    status: 499,
    retryable: false,
    meaning: 'The caller hung up before the answer. Only logs show it.',
  },
  internal_error: {
    status: 500,
    retryable: true,
    meaning: 'A fault of ours. The request id leads to the log.',
  },
  upstream_failed: {
    status: 502,
    retryable: true,
    meaning: 'Every upstream that could serve this failed. Nothing was charged.',
  },
  overloaded: {
    status: 503,
    retryable: true,
    meaning: 'No upstream is free now, or we are at capacity.',
  },
  unavailable: {
    status: 503,
    retryable: true,
    meaning: 'A part that we need (database, bus, service) is away.',
  },
  upstream_timeout: {
    status: 504,
    retryable: true,
    meaning: 'The upstream did not answer in time.',
  },
  sync_wait_exceeded: {
    status: 504,
    retryable: false,
    meaning: 'The picture is still being drawn; the answer names the task to read.',
  },
  cancelled: {
    status: 422,
    retryable: false,
    meaning: 'The task was cancelled before it was drawn. Nothing was charged.',
  },
} as const satisfies Record<string, ErrorMeaning>

export type ErrorCode = keyof typeof errorCodes

/** Narrows text that came over a wire; undefined for codes of another release. */
export function asErrorCode(text: string): ErrorCode | undefined {
  return Object.keys(errorCodes).find((code): code is ErrorCode => code === text)
}
