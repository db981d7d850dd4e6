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

describe('an answer that is no success', () => {
  const rows: Row[] = [
    [
      'a plain mistake',
      400,
      { code: 'invalid_value' },
      'bad-request',
      'caller-bad',
      'upstream_rejected',
    ],
    ['a mistake without a body', 400, '', 'bad-request', 'caller-bad', 'upstream_rejected'],
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
      'moderation in words',
      400,
      { message: 'Your request was rejected by our safety system.' },
      'content-refused',
      'caller-bad',
      'content_policy_violation',
    ],
    [
      'too long a conversation',
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
      'a parameter it lacks',
      400,
      { code: 'unknown_parameter' },
      'unsupported',
      'caller-bad',
      'unsupported_parameter',
    ],
    [
      'a spent account, as 400',
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
      'a ban in words',
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
      'a refused region in words',
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
      'a model that is not for this account',
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
      'an unknown model in words',
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
    ['a request that did not arrive', 408, '', 'not-started', 'retry-here', 'upstream_failed'],
    ['a conflict', 409, {}, 'not-started', 'retry-here', 'upstream_failed'],
    ['too large a body', 413, '', 'bad-request', 'caller-bad', 'upstream_rejected'],
    ['a teapot', 418, {}, 'bad-request', 'caller-bad', 'upstream_rejected'],
    ['nonsense', 422, {}, 'bad-request', 'caller-bad', 'upstream_rejected'],
    ['too many requests', 429, {}, 'rate-limited', 'credential-limited', 'overloaded'],
    [
      'too many requests, with an advertisement',
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
      'a spent quota',
      429,
      { code: 'insufficient_quota' },
      'quota-spent',
      'credential-limited',
      'overloaded',
    ],
    [
      'a spent quota by type',
      429,
      { type: 'insufficient_quota', code: null },
      'quota-spent',
      'credential-limited',
      'overloaded',
    ],
    [
      'a spent quota in words',
      429,
      { message: 'You exceeded your current quota.' },
      'quota-spent',
      'credential-limited',
      'overloaded',
    ],
    [
      'a fault of its own',
      500,
      { code: 'server_error' },
      'server-error',
      'retry-elsewhere',
      'upstream_failed',
    ],
    [
      'a page from its front',
      502,
      '<html>Bad gateway</html>',
      'server-error',
      'retry-elsewhere',
      'upstream_failed',
    ],
    ['overload', 503, { code: 'slow_down' }, 'overloaded', 'retry-elsewhere', 'overloaded'],
    ['overload without a body', 503, '', 'overloaded', 'retry-elsewhere', 'overloaded'],
    ['a front that waited in vain', 504, '', 'timeout', 'retry-elsewhere', 'upstream_timeout'],
    ['the same from Cloudflare', 524, '', 'timeout', 'retry-elsewhere', 'upstream_timeout'],
    [
      'overload in Anthropic words',
      529,
      { type: 'overloaded_error' },
      'overloaded',
      'retry-elsewhere',
      'overloaded',
    ],
    ['a status that nobody knows', 599, '', 'server-error', 'retry-elsewhere', 'upstream_failed'],
    ['a redirect', 302, '', 'misconfigured', 'retry-elsewhere', 'upstream_failed'],
  ]
  it.each(rows)('%s: %d', (_name, status, body, reason, failureClass, code) => {
    expect(classify(status, body)).toMatchObject({ reason, failureClass, code, status })
  })

  it('never blames a credential for what a caller did', () => {
    const callers = rows.filter(([, , , , failureClass]) => failureClass === 'caller-bad')
    for (const [, status, body] of callers) {
      expect(classify(status, body).failureClass).not.toMatch(/^credential/)
    }
  })

  it('knows what it may have to pay for: only answers that leave it in the dark', () => {
    const dark = rows.filter(([, status, body]) => classify(status, body).mayHaveProduced)
    expect(dark.map(([, status]) => status)).toEqual([502, 504, 524])
  })

  it.each<[string, number, Record<string, string>, number | undefined]>([
    ['429', 429, { 'retry-after': '61' }, 61_000],
    ['429 without a word', 429, {}, undefined],
    ['503', 503, { 'retry-after-ms': '250' }, 250],
    ['400, which asks for no patience', 400, { 'retry-after': '5' }, undefined],
  ])('hands on when to come back: %s', (_name, status, headers, retryAfterMs) => {
    expect(classify(status, {}, headers).retryAfterMs).toBe(retryAfterMs)
  })

  it("explains a caller's mistake in the upstream's words, without keys in them", () => {
    const message = 'Bad size.\r\nX-Evil: 1 (key sk-proj-abcdef123456, org-AbCdEf99)'
    expect(classify(400, { message }).message).toBe(
      'Bad size. X-Evil: 1 (key [removed], [removed])',
    )
  })

  it('keeps the words about our accounts to itself', () => {
    const message = 'Incorrect API key provided: sk-abc. Visit your dashboard.'
    expect(classify(401, { message }).message).not.toContain('key')
    expect(classify(429, { message }).message).not.toContain('key')
  })
})

describe('an error inside a stream', () => {
  it.each<[unknown, FailureReason]>([
    [{ error: { code: 'moderation_blocked', message: 'no' } }, 'content-refused'],
    [{ type: 'error', code: 'rate_limit_exceeded', message: 'slow' }, 'rate-limited'],
    [{ type: 'error', code: 'never_heard', message: 'boom' }, 'server-error'],
    [{ error: 'boom' }, 'server-error'],
    [{ type: 'response.failed' }, 'server-error'],
  ])('%j', (value, reason) => {
    const failure = classifyStreamError({ body: readErrorObject(value), mayHaveProduced: true })
    expect(failure).toMatchObject({ reason, status: 200, mayHaveProduced: true })
  })
})
