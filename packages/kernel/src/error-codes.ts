/** An error code of the API. `status` is the HTTP status; `retryable`: the same request may succeed later. */
interface ErrorMeaning {
  status: number
  retryable: boolean
  meaning: string
}

// Statuses follow what OpenAI SDKs retry by themselves: every SDK retries 408, 409,
// 429 and 5xx unless the response has `x-should-retry: false`; so a permanent conflict is 422.
export const errorCodes = {
  invalid_json: { status: 400, retryable: false, meaning: 'The body is not JSON.' },
  invalid_value: {
    status: 400,
    retryable: false,
    meaning: 'A parameter has an invalid value.',
  },
  weak_password: {
    status: 400,
    retryable: false,
    meaning: 'A new password is easy to guess: common, repeated, or made of the e-mail address.',
  },
  missing_required_parameter: {
    status: 400,
    retryable: false,
    meaning: 'A required parameter is missing.',
  },
  unsupported_parameter: {
    status: 400,
    retryable: false,
    meaning: 'The model or upstream does not support a parameter.',
  },
  content_policy_violation: {
    status: 400,
    retryable: false,
    meaning: 'The upstream refused the request for its content. Nothing was charged.',
  },
  invalid_image: {
    status: 400,
    retryable: false,
    meaning: 'An input picture cannot be read, or its type is not supported.',
  },
  context_length_exceeded: {
    status: 400,
    retryable: false,
    meaning: 'The conversation is longer than the context window of the model.',
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
    meaning: 'The request has no session, or the session has ended. Sign in again.',
  },
  wrong_credentials: {
    status: 401,
    retryable: false,
    meaning: 'The e-mail or the password is wrong. The response does not reveal which.',
  },
  insufficient_credit: {
    status: 402,
    retryable: false,
    meaning: 'The balance does not cover the maximum cost of this request.',
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
    meaning: 'Users cannot register; an operator creates the accounts.',
  },
  cross_site_refused: {
    status: 403,
    retryable: false,
    meaning: 'A change with a session cookie was requested by another site.',
  },
  invalid_signature: {
    status: 403,
    retryable: false,
    meaning: 'A picture link is forged, damaged or made with an unknown key.',
  },
  link_expired: {
    status: 403,
    retryable: false,
    meaning: 'A picture link has expired; read the task to get a new one.',
  },
  model_not_found: {
    status: 404,
    retryable: false,
    meaning: 'No such model, or this API key may not use it.',
  },
  task_not_found: {
    status: 404,
    retryable: false,
    meaning: 'No such task, or it belongs to another user.',
  },
  not_found: { status: 404, retryable: false, meaning: 'No such route or object.' },
  method_not_allowed: {
    status: 405,
    retryable: false,
    meaning: 'The route exists, the method does not.',
  },
  request_timeout: {
    status: 408,
    retryable: true,
    meaning: 'The body was not received in time.',
  },
  request_in_progress: {
    status: 409,
    retryable: true,
    meaning: 'A request with the same Idempotency-Key is running; retry to get its response.',
  },
  not_cancellable: {
    status: 422,
    retryable: false,
    meaning: 'The pictures are already generated, or the task has ended.',
  },
  idempotency_conflict: {
    status: 422,
    retryable: false,
    meaning: 'The Idempotency-Key was used with another body.',
  },
  too_many_api_keys: {
    status: 422,
    retryable: false,
    meaning: 'You have the maximum number of API keys. Revoke one that is not used.',
  },
  api_key_revoked: {
    status: 422,
    retryable: false,
    meaning: 'The API key is revoked and cannot be changed.',
  },
  email_taken: {
    status: 422,
    retryable: false,
    meaning: 'There is an account with this e-mail already.',
  },
  name_taken: {
    status: 422,
    retryable: false,
    meaning: 'Another object of this kind already has this name.',
  },
  last_admin: {
    status: 422,
    retryable: false,
    meaning: 'This is the last admin of the gateway. Make another user an admin first.',
  },
  body_too_large: {
    status: 413,
    retryable: false,
    meaning: 'The body, or one file in it, is too large.',
  },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    meaning: 'The Content-Type or Content-Encoding is not supported.',
  },
  rate_limit_exceeded: {
    status: 429,
    retryable: true,
    meaning: 'The API key has exceeded its rate limit.',
  },
  // 429 as at OpenAI, whose clients expect it for a used-up quota. A retry within minutes cannot succeed, so
  // the response has `x-should-retry: false`, and `Retry-After` is the end of the day.
  daily_quota_exceeded: {
    status: 429,
    retryable: false,
    meaning:
      'The daily quota of the API key does not cover this request. It resets at midnight UTC.',
  },
  too_many_attempts: {
    status: 429,
    retryable: true,
    meaning: 'Too many attempts to sign in or to register. Wait as long as Retry-After states.',
  },
  caller_gone: {
    status: 499,
    retryable: false,
    meaning: 'The caller disconnected before the response. Appears only in logs.',
  },
  internal_error: {
    status: 500,
    retryable: true,
    meaning: 'An internal error. Find the log by the request id.',
  },
  upstream_failed: {
    status: 502,
    retryable: true,
    meaning: 'Every upstream that could serve this request failed. Nothing was charged.',
  },
  overloaded: {
    status: 503,
    retryable: true,
    meaning: 'No upstream has free capacity, or the gateway is at its limit.',
  },
  unavailable: {
    status: 503,
    retryable: true,
    meaning: 'A dependency (database, bus, service) is unavailable.',
  },
  upstream_timeout: {
    status: 504,
    retryable: true,
    meaning: 'The upstream did not respond in time.',
  },
  sync_wait_exceeded: {
    status: 504,
    retryable: false,
    meaning: 'The picture is still being generated; the response has the id of the task to read.',
  },
  cancelled: {
    status: 422,
    retryable: false,
    meaning: 'The task was cancelled before generation started. Nothing was charged.',
  },
} as const satisfies Record<string, ErrorMeaning>

export type ErrorCode = keyof typeof errorCodes

/** Narrows a received text to an error code; undefined for codes of another release. */
export function asErrorCode(text: string): ErrorCode | undefined {
  return Object.keys(errorCodes).find((code): code is ErrorCode => code === text)
}
