import { describe, expect, it } from 'vitest'

import { classifyAnswer } from './classify-failure.ts'
import { readErrorBody } from './error-body.ts'
import type { FailureClass, FailureReason } from './upstream.ts'

const nowMs = Date.UTC(2026, 10, 21)

function classify(status: number, error: unknown) {
  const body = readErrorBody(JSON.stringify({ error }))
  return classifyAnswer({ status, headers: {}, body, nowMs })
}

type Row = [string, number, unknown, FailureReason, FailureClass, string]

describe('a refusal', () => {
  it.each<Row>([
    [
      'any other 403',
      403,
      { message: 'Forbidden' },
      'request-refused',
      'caller-bad',
      'upstream_rejected',
    ],
    [
      'a content filter that answers 403',
      403,
      { message: 'Your request was blocked by our content filter' },
      'content-refused',
      'caller-bad',
      'content_policy_violation',
    ],
    [
      'a content filter that answers 401',
      401,
      { message: 'This prompt violates our usage policies.' },
      'content-refused',
      'caller-bad',
      'content_policy_violation',
    ],
    [
      'an unknown policy message',
      403,
      { message: 'Blocked by rule 17' },
      'request-refused',
      'caller-bad',
      'upstream_rejected',
    ],
    [
      'a refused prompt that mentions accounts',
      403,
      { message: 'Your prompt "my account has been suspended" was blocked' },
      'request-refused',
      'caller-bad',
      'upstream_rejected',
    ],
    [
      'a wrong key by message',
      401,
      { message: 'Incorrect API key provided: sk-ab***yz.' },
      'unauthorised',
      'credential-bad',
      'upstream_failed',
    ],
    [
      'a restricted key',
      403,
      { message: 'You have insufficient permissions. Missing scopes: api.model.read' },
      'permission-missing',
      'credential-bad',
      'upstream_failed',
    ],
    [
      'a restricted key by code',
      401,
      { code: 'missing_scope', message: 'no' },
      'permission-missing',
      'credential-bad',
      'upstream_failed',
    ],
    [
      'a 401 without a reason',
      401,
      { message: 'Unauthorized' },
      'unauthorised-unclear',
      'credential-bad',
      'upstream_failed',
    ],
  ])('%s: %d', (_name, status, body, reason, failureClass, code) => {
    expect(classify(status, body)).toMatchObject({ reason, failureClass, code, status })
  })

  it('distinguishes a quota of one model from that of the account', () => {
    const message =
      'You exceeded your current quota, please check your plan. Limit: 0, model: gemini-9'
    const body = readErrorBody(JSON.stringify({ error: { message } }))
    const answer = { status: 429, headers: {}, body, nowMs }
    expect(classifyAnswer({ ...answer, model: 'gemini-9' }).reason).toBe('rate-limited')
    expect(classifyAnswer({ ...answer, model: 'other' }).reason).toBe('quota-spent')
  })

  it('returns parameter and upstream code only for errors of the request', () => {
    const body = { message: 'Invalid size', param: 'size', code: 'invalid_value' }
    expect(classify(400, body)).toMatchObject({ param: 'size', upstreamCode: 'invalid_value' })
    expect(classify(500, body)).not.toHaveProperty('param')
    expect(classify(401, { ...body, code: 'invalid_api_key' })).not.toHaveProperty('upstreamCode')
  })
})
