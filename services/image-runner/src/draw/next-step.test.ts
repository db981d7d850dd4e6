import { describe, expect, it } from 'vitest'

import { LIMITED_TRIES_MAX, nextStep, TRIES_MAX } from './next-step.ts'

const first = { tries: 1, limited: 0, triesHere: 1 }

describe('after a failed call', () => {
  it.each([
    ['retry-here', 'again-here'],
    ['retry-elsewhere', 'elsewhere'],
    ['credential-limited', 'elsewhere'],
    ['credential-bad', 'elsewhere'],
    ['caller-bad', 'fail'],
    ['fatal', 'fail'],
  ] as const)('of class %s the next step is %s', (failureClass, step) => {
    expect(nextStep({ failureClass, ...first })).toBe(step)
  })

  it('the same credential is asked again once, then another', () => {
    const again = { failureClass: 'retry-here', tries: 2, limited: 0 } as const
    expect(nextStep({ ...again, triesHere: 2 })).toBe('elsewhere')
    expect(nextStep({ ...again, triesHere: 1 })).toBe('again-here')
  })

  it('there is an end of tries, whatever the class', () => {
    for (const failureClass of ['retry-here', 'retry-elsewhere', 'credential-bad'] as const) {
      expect(nextStep({ failureClass, ...first, tries: TRIES_MAX })).toBe('fail')
    }
  })

  it('limits do not count as tries, and have an end of their own', () => {
    const limit = { failureClass: 'credential-limited', tries: TRIES_MAX, triesHere: 1 } as const
    expect(nextStep({ ...limit, limited: LIMITED_TRIES_MAX - 1 })).toBe('elsewhere')
    expect(nextStep({ ...limit, limited: LIMITED_TRIES_MAX })).toBe('fail')
  })
})
