import { failureOf } from '@sluice/upstreams/failure-treatments'
import type { FailureReason, UpstreamFailure } from '@sluice/upstreams/upstream'
import { describe, expect, it } from 'vitest'

import { leaseOutcome } from './lease-outcome.ts'

const nowMs = Date.UTC(2026, 0, 1)
const use = { nowMs, model: 'gpt-image-2' }
const outcomeOf = (reason: FailureReason, known: Partial<UpstreamFailure> = {}) =>
  leaseOutcome({ outcome: 'failed', failure: { ...failureOf(reason), ...known } }, use)

describe('the outcome of a lease', () => {
  it('is ok after a picture, and aborted after a stopped call', () => {
    expect(leaseOutcome({ outcome: 'generated' }, use)).toEqual({
      kind: 'ok',
      operation: 'image',
      model: 'gpt-image-2',
    })
    expect(leaseOutcome({ outcome: 'stopped' }, use)).toEqual({ kind: 'aborted' })
  })

  it('has the retry time of a rate-limited credential, if the upstream sent one', () => {
    expect(outcomeOf('rate-limited', { retryAfterMs: 5_000 })).toEqual({
      kind: 'limited',
      retryAt: new Date(nowMs + 5_000),
      model: 'gpt-image-2',
    })
    expect(outcomeOf('quota-spent')).toEqual({ kind: 'limited', retryAt: null })
  })

  it.each([
    ['unauthorised', 'unauthorised'],
    ['banned', 'unauthorised'],
    ['server-error', 'failed'],
    ['timeout', 'failed'],
    ['connect-failed', 'failed'],
  ] as const)('for the failure %s is %s', (reason, kind) => {
    expect(outcomeOf(reason)).toEqual({ kind, reason })
  })

  it('for a missing permission or model is denied', () => {
    expect(outcomeOf('permission-missing')).toMatchObject({ kind: 'denied', operation: 'image' })
    expect(outcomeOf('model-unknown')).toMatchObject({ kind: 'denied', model: 'gpt-image-2' })
  })

  it.each(['request-refused', 'region-refused', 'not-started', 'aborted'] as const)(
    'for a call that ended as %s is aborted',
    (reason) => {
      expect(outcomeOf(reason)).toEqual({ kind: 'aborted' })
    },
  )
})
