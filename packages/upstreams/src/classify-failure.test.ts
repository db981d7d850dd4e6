import { describe, expect, it } from 'vitest'

import { classifyAnswer, classifyStreamError } from './classify-failure.ts'
import { readErrorBody, readErrorObject } from './error-body.ts'
import type { FailureClass, FailureReason } from './upstream.ts'

const nowMs = Date.UTC(2026, 10, 21)

function classify(status: number, body: unknown = {}, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify({ error: body })
  return classifyAnswer({ status, headers, body: readErrorBody(text), nowMs })
}

type Row = [string, number, unknown, FailureReason, FailureClass, string]

describe('a response other than 2xx', () => {
  const rows: Row[] = [
    [
      'an invalid request',
      400,
      { code: 'invalid_value' },
      'bad-request',
      'caller-bad',
      'upstream_rejected',
    ],
    [
      'an invalid request without a body',
      400,
      '',
      'bad-request',
      'caller-bad',
      'upstream_rejected',
    ],
    [
      'moderation',
      400,
      { code: 'moderation_blocked' },
      'content-refused',
      'caller-bad',
      'content_policy_violation',
    ],
    [
      'moderation by type',
      400,
      { type: 'content_filter' },
      'content-refused',
      'caller-bad',
      'content_policy_violation',
    ],
    [
      'moderation by message',
      400,
      { message: 'Your request was rejected by our safety system.' },
      'content-refused',
      'caller-bad',
      'content_policy_violation',
    ],
    [
      'a context that is too long',
      400,
      { code: 'context_length_exceeded' },
      'context-too-long',
      'caller-bad',
      'context_length_exceeded',
    ],
    [
      'an unreadable picture',
      400,
      { code: 'invalid_image_file' },
      'image-refused',
      'caller-bad',
      'invalid_image',
    ],
    [
      'an unknown parameter',
      400,
      { code: 'unknown_parameter' },
      'unsupported',
      'caller-bad',
      'unsupported_parameter',
    ],
    [
      'an exhausted account, as 400',
      400,
      { code: 'billing_hard_limit_reached' },
      'quota-spent',
      'credential-limited',
      'overloaded',
    ],
    [
      'a wrong key',
      401,
      { code: 'invalid_api_key' },
      'unauthorised',
      'credential-bad',
      'upstream_failed',
    ],
    ['a 401 without a body', 401, '', 'unauthorised-unclear', 'credential-bad', 'upstream_failed'],
    [
      'a deactivated account',
      401,
      { code: 'account_deactivated' },
      'banned',
      'credential-bad',
      'upstream_failed',
    ],
    [
      'a ban by message',
      403,
      { message: 'Your account has been suspended.' },
      'banned',
      'credential-bad',
      'upstream_failed',
    ],
    ['an unpaid bill', 402, {}, 'quota-spent', 'credential-limited', 'overloaded'],
    [
      'a refused region',
      403,
      { code: 'unsupported_country_region_territory' },
      'region-refused',
      'retry-elsewhere',
      'upstream_rejected',
    ],
    [
      'a refused region by message',
      403,
      { message: 'Country, region, or territory not supported' },
      'region-refused',
      'retry-elsewhere',
      'upstream_rejected',
    ],
    [
      'a firewall page',
      403,
      '<html>Attention required</html>',
      'region-refused',
      'retry-elsewhere',
      'upstream_failed',
    ],
    [
      'a model without access for this account',
      403,
      { message: 'Your organization must be verified to use the model `gpt-image-2`.' },
      'model-unknown',
      'retry-elsewhere',
      'model_not_found',
    ],
    [
      'an unknown model',
      404,
      { code: 'model_not_found' },
      'model-unknown',
      'retry-elsewhere',
      'model_not_found',
    ],
    [
      'an unknown model by message',
      404,
      { message: 'The model `x` does not exist' },
      'model-unknown',
      'retry-elsewhere',
      'model_not_found',
    ],
    [
      'a wrong base URL',
      404,
      '<html>nginx</html>',
      'misconfigured',
      'retry-elsewhere',
      'upstream_failed',
    ],
    ['a wrong method', 405, '', 'misconfigured', 'retry-elsewhere', 'upstream_failed'],
    ['a request timeout', 408, '', 'not-started', 'retry-here', 'upstream_failed'],
    ['a conflict', 409, {}, 'not-started', 'retry-here', 'upstream_failed'],
    ['too large a body', 413, '', 'bad-request', 'caller-bad', 'upstream_rejected'],
    ['a teapot', 418, {}, 'bad-request', 'caller-bad', 'upstream_rejected'],
    ['an unprocessable entity', 422, {}, 'bad-request', 'caller-bad', 'upstream_rejected'],
    ['too many requests', 429, {}, 'rate-limited', 'credential-limited', 'overloaded'],
    [
      'too many requests, with a link to the billing page',
      429,
      {
        code: 'rate_limit_exceeded',
        message: 'Rate limit reached. Increase it at https://example.com/account/billing',
      },
      'rate-limited',
      'credential-limited',
      'overloaded',
    ],
    [
      'an exhausted quota',
      429,
      { code: 'insufficient_quota' },
      'quota-spent',
      'credential-limited',
      'overloaded',
    ],
    [
      'an exhausted quota by type',
      429,
      { type: 'insufficient_quota', code: null },
      'quota-spent',
      'credential-limited',
      'overloaded',
    ],
    [
      'an exhausted quota by message',
      429,
      { message: 'You exceeded your current quota.' },
      'quota-spent',
      'credential-limited',
      'overloaded',
    ],
    [
      'an internal error',
      500,
      { code: 'server_error' },
      'server-error',
      'retry-elsewhere',
      'upstream_failed',
    ],
    [
      'an HTML page of a proxy',
      502,
      '<html>Bad gateway</html>',
      'server-error',
      'retry-elsewhere',
      'upstream_failed',
    ],
    ['overload', 503, { code: 'slow_down' }, 'overloaded', 'retry-elsewhere', 'overloaded'],
    ['overload without a body', 503, '', 'overloaded', 'retry-elsewhere', 'overloaded'],
    ['a gateway timeout', 504, '', 'timeout', 'retry-elsewhere', 'upstream_timeout'],
    ['the same from Cloudflare', 524, '', 'timeout', 'retry-elsewhere', 'upstream_timeout'],
    [
      'overload as Anthropic reports it',
      529,
      { type: 'overloaded_error' },
      'overloaded',
      'retry-elsewhere',
      'overloaded',
    ],
    ['an unknown status', 599, '', 'server-error', 'retry-elsewhere', 'upstream_failed'],
    ['a redirect', 302, '', 'misconfigured', 'retry-elsewhere', 'upstream_failed'],
  ]
  it.each(rows)('%s: %d', (_name, status, body, reason, failureClass, code) => {
    expect(classify(status, body)).toMatchObject({ reason, failureClass, code, status })
  })

  it("never attributes a caller's error to the credential", () => {
    const callers = rows.filter(([, , , , failureClass]) => failureClass === 'caller-bad')
    for (const [, status, body] of callers) {
      expect(classify(status, body).failureClass).not.toMatch(/^credential/)
    }
  })

  it('expects a charge only for statuses that leave the result unknown', () => {
    const unknown = rows.filter(([, status, body]) => classify(status, body).mayHaveProduced)
    expect(unknown.map(([, status]) => status)).toEqual([502, 504, 524])
  })

  it.each<[string, number, Record<string, string>, number | undefined]>([
    ['429', 429, { 'retry-after': '61' }, 61_000],
    ['429 without headers', 429, {}, undefined],
    ['503', 503, { 'retry-after-ms': '250' }, 250],
    ['400, for which it is ignored', 400, { 'retry-after': '5' }, undefined],
  ])('returns the retry delay: %s', (_name, status, headers, retryAfterMs) => {
    expect(classify(status, {}, headers).retryAfterMs).toBe(retryAfterMs)
  })

  it("returns the upstream's message for a caller's error, without keys", () => {
    const message = 'Bad size.\r\nX-Evil: 1 (key sk-proj-abcdef123456, org-AbCdEf99)'
    expect(classify(400, { message }).message).toBe(
      'Bad size. X-Evil: 1 (key [removed], [removed])',
    )
  })

  it('does not return messages about upstream accounts', () => {
    const message = 'Incorrect API key provided: sk-abc. Visit your dashboard.'
    expect(classify(401, { message }).message).not.toContain('key')
    expect(classify(429, { message }).message).not.toContain('key')
  })
})

describe('an error inside a stream', () => {
  it.each<[unknown, FailureReason]>([
    [{ error: { code: 'moderation_blocked', message: 'no' } }, 'content-refused'],
    [{ type: 'error', code: 'rate_limit_exceeded', message: 'slow' }, 'rate-limited'],
    [{ type: 'error', code: 'never_seen', message: 'boom' }, 'server-error'],
    [{ error: 'boom' }, 'server-error'],
    [{ type: 'response.failed' }, 'server-error'],
  ])('%j', (value, reason) => {
    const failure = classifyStreamError({ body: readErrorObject(value), mayHaveProduced: true })
    expect(failure).toMatchObject({ reason, status: 200, mayHaveProduced: true })
  })
})
