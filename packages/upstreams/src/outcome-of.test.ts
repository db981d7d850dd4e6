import { describe, expect, it } from 'vitest'

import { failureOf } from './failure-treatments.ts'
import { outcomeOf } from './outcome-of.ts'
import type { FailureReason } from './upstream.ts'

const nowMs = Date.UTC(2026, 0, 1)
const chat = { nowMs, operation: 'chat', model: 'gpt-x' } as const
const told = (reason: FailureReason, use: Parameters<typeof outcomeOf>[1] = chat) =>
  outcomeOf(failureOf(reason), use)

describe('what a failure says about the credential', () => {
  it.each([
    'bad-request',
    'content-refused',
    'context-too-long',
    'image-refused',
    'unsupported',
  ] as const)('%s: it works', (reason) => {
    expect(told(reason)).toEqual({ kind: 'ok' })
  })

  it.each([
    'aborted',
    'misconfigured',
    'not-started',
    'region-refused',
    'request-refused',
  ] as const)('%s: nothing', (reason) => expect(told(reason)).toEqual({ kind: 'aborted' }))

  it.each(['unauthorised', 'banned'] as const)('%s: a person is needed', (reason) => {
    expect(told(reason)).toEqual({ kind: 'unauthorised', reason })
  })

  it('a 401 without a reason is not final', () => {
    const outcome = { kind: 'refused', operation: 'chat', reason: 'unauthorised-unclear' }
    expect(told('unauthorised-unclear')).toEqual(outcome)
  })

  it('a missing permission belongs to the operation, an unknown model to the model', () => {
    expect(told('permission-missing')).toMatchObject({ kind: 'denied', operation: 'chat' })
    expect(told('model-unknown')).toMatchObject({ kind: 'denied', model: 'gpt-x' })
    expect(told('model-unknown')).not.toHaveProperty('operation')
  })

  it('a rate limit belongs to the model, a spent quota to the account', () => {
    expect(told('rate-limited')).toEqual({ kind: 'limited', retryAt: null, model: 'gpt-x' })
    expect(told('quota-spent')).toEqual({ kind: 'limited', retryAt: null })
    const failure = failureOf('rate-limited', { retryAfterMs: 40_000 })
    expect(outcomeOf(failure, chat)).toMatchObject({ retryAt: new Date(nowMs + 40_000) })
  })

  it('a limit of the list of models stops no call', () => {
    expect(told('rate-limited', { nowMs, operation: 'models' })).toEqual({ kind: 'aborted' })
  })

  it.each(['server-error', 'timeout', 'connect-failed', 'answer-broken'] as const)(
    '%s: it failed',
    (reason) => expect(told(reason)).toEqual({ kind: 'failed', reason }),
  )
})
