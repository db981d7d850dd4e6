import { errorCodes } from '@sluice/kernel/error-codes'
import { describe, expect, it } from 'vitest'

import { messages as english } from '../i18n/en/errors.ts'
import { messages as chinese } from '../i18n/zh/errors.ts'
import { ApiError } from './api-error.ts'
import type { ApiErrorFacts } from './api-error.ts'
import { explainWith } from './explain-error.ts'

const explained = (facts: Partial<ApiErrorFacts>) => {
  const error = new ApiError('raw message', { code: 'internal_error', status: 500, ...facts })
  return [
    explainWith(english, { error, language: 'en' }),
    explainWith(chinese, { error, language: 'zh' }),
  ]
}

describe('an error', () => {
  it('has a message for every code that the gateway may return to a panel user', () => {
    const excluded = ['caller_gone', 'rate_limit_exceeded', 'too_many_attempts']
    const codes = Object.keys(errorCodes).filter((code) => !excluded.includes(code))
    expect(codes.filter((code) => !(code in english.codes))).toEqual([])
    expect(Object.keys(english.codes).filter((code) => !codes.includes(code))).toEqual([
      'network',
      'unreadable',
    ])
  })

  it('states when to retry', () => {
    const [en, zh] = explained({ code: 'rate_limit_exceeded', retryAfterMs: 200_000 })
    expect(en?.sentence).toBe('Too many requests. Try again in 3m 20s.')
    expect(zh?.sentence).toBe('操作过于频繁，请在 3分钟 20秒后重试。')
    expect(explained({ code: 'rate_limit_exceeded' })[0]?.sentence).toBe(english.rateLimited)
  })

  it('of the gateway itself carries the request id; a refusal does not', () => {
    const ids = (facts: Partial<ApiErrorFacts>) =>
      explained({ requestId: 'req_1', ...facts }).map(({ requestId }) => requestId)
    expect(ids({})).toEqual(['req_1', 'req_1'])
    expect(ids({ code: 'wrong_credentials', status: 401 })).toEqual([undefined, undefined])
  })

  it('that is not an ApiError reveals no details', () => {
    const error = new TypeError('x is not a function')
    const explained = explainWith(english, { error, language: 'en' })
    expect(explained).toEqual({ sentence: english.other, requestId: undefined })
  })
})
