import type { ErrorCode } from '@sluice/kernel/error-codes'
import { errorCodes } from '@sluice/kernel/error-codes'
import type { AppError } from '@sluice/kernel/app-error'
import { isAppError } from '@sluice/kernel/app-error'

/** The OpenAI error object; all four keys are always present. */
export interface ErrorEnvelope {
  error: {
    message: string
    type: string
    param: string | null
    code: string | null
    [detail: string]: string | number | boolean | null
  }
}

export interface RenderedError {
  status: number
  headers: Record<string, string>
  envelope: ErrorEnvelope
}

// openai-node 7 ignores Retry-After above 60 s and uses its own backoff; openai-python does not retry at all
// above 120 s.
export const RETRY_AFTER_MS_MAX = 60_000
const RETRY_AFTER_MS_DEFAULT = 1_000
/** Defaults by error code. */
const usualMs: Partial<Record<ErrorCode, number>> = {
  // About the time of a service restart.
  unavailable: 5_000,
  // Upstream limits are per minute, and a job without a free credential has already waited for its deadline.
  overloaded: 15_000,
}

/**
 * Converts anything thrown into an OpenAI-compatible error response. The message of an error that is not an
 * AppError is not disclosed.
 */
export function renderError(error: unknown): RenderedError {
  if (!isAppError(error)) {
    return render('internal_error', 'Internal server error.', {})
  }
  return render(error.code, error.message, error)
}

function render(code: ErrorCode, message: string, facts: Partial<AppError>): RenderedError {
  const { status } = errorCodes[code]
  const retryable = facts.retryable ?? errorCodes[code].retryable
  return {
    status,
    headers: {
      'content-type': 'application/json',
      ...retryHeaders({ code, status, retryable, retryAfterMs: facts.retryAfterMs }),
    },
    envelope: {
      error: {
        ...facts.details,
        message,
        type: typeOf(code),
        param: facts.param ?? null,
        code: facts.upstreamCode ?? code,
      },
    },
  }
}

/** By default SDKs retry 408, 409, 429 and 5xx; `x-should-retry` overrides that in both directions. */
function retryHeaders({
  code,
  status,
  retryable,
  retryAfterMs,
}: {
  code: ErrorCode
  status: number
  retryable: boolean
  retryAfterMs: number | undefined
}): Record<string, string> {
  const headers: Record<string, string> = {}
  const retriedByDefault = status === 408 || status === 409 || status === 429 || status >= 500
  if (!retryable) {
    if (retriedByDefault || status === 402) headers['x-should-retry'] = 'false'
    if (retryAfterMs !== undefined && status === 429)
      headers['retry-after'] = secondsOf(retryAfterMs)
    return headers
  }
  if (status === 409) headers['x-should-retry'] = 'true'
  const advised = status === 409 || status === 429 || status === 503
  if (retryAfterMs === undefined && !advised) return headers
  const usual = usualMs[code] ?? RETRY_AFTER_MS_DEFAULT
  const waitMs = Math.min(retryAfterMs ?? usual, RETRY_AFTER_MS_MAX)
  headers['retry-after'] = secondsOf(waitMs)
  headers['retry-after-ms'] = String(Math.max(1, Math.ceil(waitMs)))
  return headers
}

const secondsOf = (waitMs: number) => String(Math.max(1, Math.ceil(waitMs / 1_000)))

const types: Partial<Record<ErrorCode, string>> = {
  insufficient_credit: 'insufficient_quota',
  daily_quota_exceeded: 'insufficient_quota',
  rate_limit_exceeded: 'rate_limit_error',
  overloaded: 'service_unavailable_error',
  unavailable: 'service_unavailable_error',
}

function typeOf(code: ErrorCode): string {
  return types[code] ?? (errorCodes[code].status >= 500 ? 'server_error' : 'invalid_request_error')
}
