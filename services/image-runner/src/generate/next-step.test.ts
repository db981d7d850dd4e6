import { failureOf } from '@sluice/upstreams/failure-treatments'
import { describe, expect, it } from 'vitest'

import {
  isUnreadable,
  RATE_LIMITED_MAX,
  nextStep,
  ATTEMPTS_MAX,
  UNREADABLE_MAX,
} from './next-step.ts'

const first = { attempts: 1, limited: 0, attemptsHere: 1, unreadable: 0 }

describe('after a failed call', () => {
  it.each([
    ['retry-here', 'retry-same'],
    ['retry-elsewhere', 'retry-other'],
    ['credential-limited', 'retry-other'],
    ['credential-bad', 'retry-other'],
    ['caller-bad', 'fail'],
    ['fatal', 'fail'],
  ] as const)('of class %s the next step is %s', (failureClass, step) => {
    expect(nextStep({ failureClass, ...first })).toBe(step)
  })

  it('the same credential is retried once, then another one', () => {
    const again = { ...first, failureClass: 'retry-here', attempts: 2 } as const
    expect(nextStep({ ...again, attemptsHere: 2 })).toBe('retry-other')
    expect(nextStep({ ...again, attemptsHere: 1 })).toBe('retry-same')
  })

  it('the number of attempts is limited for every class', () => {
    for (const failureClass of ['retry-here', 'retry-elsewhere', 'credential-bad'] as const) {
      expect(nextStep({ failureClass, ...first, attempts: ATTEMPTS_MAX })).toBe('fail')
    }
  })

  it('rate limits do not count as attempts, and have a separate limit', () => {
    const limit = { ...first, failureClass: 'credential-limited', attempts: ATTEMPTS_MAX } as const
    expect(nextStep({ ...limit, limited: RATE_LIMITED_MAX - 1 })).toBe('retry-other')
    expect(nextStep({ ...limit, limited: RATE_LIMITED_MAX })).toBe('fail')
  })

  it('unreadable responses are retried once with another credential', () => {
    const broken = { failureClass: 'retry-elsewhere', ...first, attempts: 2 } as const
    expect(nextStep({ ...broken, unreadable: 1 })).toBe('retry-other')
    expect(nextStep({ ...broken, unreadable: UNREADABLE_MAX })).toBe('fail')
    const reasons = ['answer-broken', 'answer-empty', 'answer-too-large', 'answer-cut'] as const
    expect(reasons.map((reason) => isUnreadable(failureOf(reason)))).toEqual([
      true,
      true,
      true,
      false,
    ])
    expect(isUnreadable(failureOf('answer-broken', { mayHaveProduced: false }))).toBe(false)
  })
})
