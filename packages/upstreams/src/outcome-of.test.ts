import { describe, expect, it } from 'vitest'

import { failureOf } from './failure-treatments.ts'
import { outcomeOf } from './outcome-of.ts'
import type { FailureReason } from './upstream.ts'

const nowMs = Date.UTC(2026, 0, 1)
const chat = { nowMs, operation: 'chat', model: 'gpt-x' } as const
const outcome = (reason: FailureReason, use: Parameters<typeof outcomeOf>[1] = chat) =>
  outcomeOf(failureOf(reason), use)

describe('the outcome of a failure for its credential', () => {
  it.each([
    'bad-request',
    'content-refused',
    'context-too-long',
    'image-refused',
    'unsupported',
  ] as const)('%s: the credential works', (reason) => {
    expect(outcome(reason)).toEqual({ kind: 'ok' })
  })

  it.each([
    'aborted',
    'misconfigured',
    'not-started',
    'region-refused',
    'request-refused',
  ] as const)('%s: no evidence', (reason) => expect(outcome(reason)).toEqual({ kind: 'aborted' }))

  it.each(['unauthorised', 'banned'] as const)('%s: the credential is disabled', (reason) => {
    expect(outcome(reason)).toEqual({ kind: 'unauthorised', reason })
  })

  it('a 401 without a reason does not disable the credential', () => {
    const refused = { kind: 'refused', operation: 'chat', reason: 'unauthorised-unclear' }
    expect(outcome('unauthorised-unclear')).toEqual(refused)
  })

  it('a missing permission applies to the operation, an unknown model to the model', () => {
    expect(outcome('permission-missing')).toMatchObject({ kind: 'denied', operation: 'chat' })
    expect(outcome('model-unknown')).toMatchObject({ kind: 'denied', model: 'gpt-x' })
    expect(outcome('model-unknown')).not.toHaveProperty('operation')
  })

  it('a rate limit applies to the model, an exhausted quota to the account', () => {
    expect(outcome('rate-limited')).toEqual({ kind: 'limited', retryAt: null, model: 'gpt-x' })
    expect(outcome('quota-spent')).toEqual({ kind: 'limited', retryAt: null })
    const failure = failureOf('rate-limited', { retryAfterMs: 40_000 })
    expect(outcomeOf(failure, chat)).toMatchObject({ retryAt: new Date(nowMs + 40_000) })
  })

  it('a rate limit of the models route does not limit other calls', () => {
    expect(outcome('rate-limited', { nowMs, operation: 'models' })).toEqual({ kind: 'aborted' })
  })

  it.each(['server-error', 'timeout', 'connect-failed', 'answer-broken'] as const)(
    '%s: the call failed',
    (reason) => expect(outcome(reason)).toEqual({ kind: 'failed', reason }),
  )
})
