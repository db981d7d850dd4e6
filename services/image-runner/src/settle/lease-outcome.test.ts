import { failureOf } from '@sluice/upstreams/failure-treatments'
import type { FailureReason, UpstreamFailure } from '@sluice/upstreams/upstream'
import { describe, expect, it } from 'vitest'

import { leaseOutcome } from './lease-outcome.ts'

const nowMs = Date.UTC(2026, 0, 1)
const outcomeOf = (reason: FailureReason, known: Partial<UpstreamFailure> = {}) =>
  leaseOutcome({ outcome: 'failed', failure: { ...failureOf(reason), ...known } }, { nowMs })

describe('the scheduler is told', () => {
  it('that a credential works, or nothing about it', () => {
    expect(leaseOutcome({ outcome: 'drawn' }, { nowMs })).toEqual({ kind: 'ok' })
    expect(leaseOutcome({ outcome: 'stopped' }, { nowMs })).toEqual({ kind: 'aborted' })
  })

  it('until when a limited credential rests, if the upstream said so', () => {
    expect(outcomeOf('rate-limited', { retryAfterMs: 5_000 })).toEqual({
      kind: 'limited',
      retryAt: new Date(nowMs + 5_000),
    })
    expect(outcomeOf('quota-spent')).toEqual({ kind: 'limited', retryAt: null })
  })

  it.each([
    ['unauthorised', 'unauthorised'],
    ['banned', 'unauthorised'],
    ['server-error', 'failed'],
    ['timeout', 'failed'],
    ['connect-failed', 'failed'],
    ['not-started', 'failed'],
  ] as const)('that %s means %s', (reason, kind) => {
    expect(outcomeOf(reason)).toEqual({ kind, reason })
  })

  it.each(['bad-request', 'content-refused', 'model-unknown', 'aborted'] as const)(
    'nothing about a credential whose call ended as %s',
    (reason) => {
      expect(outcomeOf(reason)).toEqual({ kind: 'aborted' })
    },
  )
})
