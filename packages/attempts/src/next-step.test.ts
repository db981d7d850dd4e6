import { failureOf } from '@sluice/upstreams/failure-treatments'
import { describe, expect, it } from 'vitest'

import { chatLimits, imageLimits } from './attempt-limits.ts'
import type { AttemptCounts, FailedAttempt, Step } from './next-step.ts'
import { countFailure, isUnreadable, nextStep, noAttempts } from './next-step.ts'

const firstCounts = { ...noAttempts, attempts: 1, attemptsHere: 1 }
const first: FailedAttempt = {
  failureClass: 'retry-elsewhere',
  counts: firstCounts,
  answerBegan: false,
  timeAllows: true,
  hasOtherCredential: true,
  hasOtherChannel: true,
  budgetAllows: true,
}
const counted = (counts: Partial<AttemptCounts>) => ({ counts: { ...firstCounts, ...counts } })

describe('the next step of a chat request', () => {
  it.each<[string, Partial<FailedAttempt>, Step]>([
    ['a failing channel', {}, 'next-channel'],
    ['the only channel, with another key', { hasOtherChannel: false }, 'next-credential'],
    [
      'the only key of the only channel',
      { hasOtherChannel: false, hasOtherCredential: false },
      'give-up',
    ],
    ['a limited key', { failureClass: 'credential-limited' }, 'next-credential'],
    [
      'a bad key that was the last',
      { failureClass: 'credential-bad', hasOtherCredential: false },
      'next-channel',
    ],
    ['a request that was not accepted', { failureClass: 'retry-here' }, 'retry-here'],
    [
      'a request that was not accepted twice',
      { failureClass: 'retry-here', ...counted({ attempts: 2, attemptsHere: 2 }) },
      'next-channel',
    ],
    ['a mistake of the caller', { failureClass: 'caller-bad' }, 'give-up'],
    ['a cancelled call', { failureClass: 'fatal' }, 'give-up'],
    ['a response that had started', { answerBegan: true }, 'give-up'],
    ['too little time', { timeAllows: false }, 'give-up'],
    ['too many attempts', counted({ attempts: chatLimits.attemptsMax }), 'give-up'],
    [
      'too many attempts, the last one rate-limited',
      { failureClass: 'credential-limited', ...counted({ attempts: 3, rateLimited: 3 }) },
      'give-up',
    ],
    ['two unreadable responses', counted({ attempts: 2, unreadable: 2 }), 'next-channel'],
    ['the first failover without budget', { budgetAllows: false }, 'next-channel'],
    [
      'a second one without budget',
      { budgetAllows: false, ...counted({ attempts: 2 }) },
      'give-up',
    ],
  ])('after %s', (_, facts, expected) => {
    expect(nextStep(chatLimits, { ...first, ...facts })).toBe(expected)
  })
})

describe('the next step of a picture, whose next credential the scheduler chooses,', () => {
  const picture = { ...first, hasOtherChannel: false }
  const stepAfter = (failed: Partial<FailedAttempt>) =>
    nextStep(imageLimits, { ...picture, ...failed })

  it.each([
    ['retry-here', 'retry-here'],
    ['retry-elsewhere', 'next-credential'],
    ['credential-limited', 'next-credential'],
    ['credential-bad', 'next-credential'],
    ['caller-bad', 'give-up'],
    ['fatal', 'give-up'],
  ] as const)('after a failure of class %s is %s', (failureClass, step) => {
    expect(stepAfter({ failureClass })).toBe(step)
  })

  it('is the same credential once, then another one', () => {
    const failureClass = 'retry-here'
    const again = (attemptsHere: number) =>
      stepAfter({ failureClass, ...counted({ attempts: 2, attemptsHere }) })
    expect(again(1)).toBe('retry-here')
    expect(again(2)).toBe('next-credential')
  })

  it('is none when the attempts are used up, for every class', () => {
    const used = counted({ attempts: imageLimits.attemptsMax })
    for (const failureClass of ['retry-here', 'retry-elsewhere', 'credential-bad'] as const) {
      expect(stepAfter({ failureClass, ...used })).toBe('give-up')
    }
  })

  it('does not depend on the attempts after a rate limit: those have a separate limit', () => {
    const limit = (rateLimited: number) =>
      stepAfter({ failureClass: 'credential-limited', ...counted({ attempts: 3, rateLimited }) })
    expect(limit(imageLimits.rateLimitedMax - 1)).toBe('next-credential')
    expect(limit(imageLimits.rateLimitedMax)).toBe('give-up')
  })

  it('is another credential after one unreadable response, and none after two', () => {
    const unreadable = (count: number) => stepAfter(counted({ attempts: 2, unreadable: count }))
    expect(unreadable(1)).toBe('next-credential')
    expect(unreadable(imageLimits.unreadableMax)).toBe('give-up')
  })

  it('without budget is none from the second failover on', () => {
    const broke = { budgetAllows: false }
    expect(stepAfter(broke)).toBe('next-credential')
    expect(stepAfter({ ...broke, ...counted({ attempts: 2 }) })).toBe('give-up')
  })
})

describe('a failed attempt', () => {
  const rateLimited = failureOf('rate-limited')

  it('is counted as an attempt, and as one with its credential', () => {
    const failure = failureOf('server-error')
    expect(countFailure(imageLimits, { counts: firstCounts, failure })).toEqual({
      attempts: 2,
      rateLimited: 0,
      attemptsHere: 2,
      unreadable: 0,
    })
  })

  it('by a rate limit is an attempt only where rate limits have no separate limit', () => {
    const counts = noAttempts
    const one = { rateLimited: 1, attemptsHere: 1, unreadable: 0 }
    expect(countFailure(chatLimits, { counts, failure: rateLimited })).toEqual({
      attempts: 1,
      ...one,
    })
    expect(countFailure(imageLimits, { counts, failure: rateLimited })).toEqual({
      attempts: 0,
      ...one,
    })
  })

  it('is unreadable when the upstream responded, and may have generated what cannot be read', () => {
    const reasons = ['answer-broken', 'answer-empty', 'answer-too-large', 'answer-cut'] as const
    const isCounted = (reason: (typeof reasons)[number]) =>
      countFailure(imageLimits, { counts: noAttempts, failure: failureOf(reason) }).unreadable === 1
    expect(reasons.map(isCounted)).toEqual([true, true, true, false])
    expect(isUnreadable(failureOf('answer-broken', { mayHaveProduced: false }))).toBe(false)
  })
})
