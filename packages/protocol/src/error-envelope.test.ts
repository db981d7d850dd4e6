import { AppError } from '@sluice/kernel/app-error'
import type { ErrorCode } from '@sluice/kernel/error-codes'
import { errorCodes } from '@sluice/kernel/error-codes'
import { describe, expect, it } from 'vitest'

import { renderError } from './error-envelope.ts'

const codes = Object.keys(errorCodes) as ErrorCode[]

describe('the error envelope', () => {
  it.each(codes)('has all four keys and the status of its code: %s', (code) => {
    const { status, envelope } = renderError(new AppError(code, 'why', { param: 'model' }))
    expect(status).toBe(errorCodes[code].status)
    expect(envelope.error).toMatchObject({ message: 'why', param: 'model', code })
    expect(envelope.error.type).toMatch(/^[a-z_]+$/)
  })

  it('hides the message of an unexpected error', () => {
    const { status, envelope } = renderError(new Error('password is hunter2'))
    expect(status).toBe(500)
    expect(JSON.stringify(envelope)).not.toContain('hunter2')
    expect(envelope.error).toMatchObject({ code: 'internal_error', param: null })
  })

  it('includes the details of the code', () => {
    const error = new AppError('sync_wait_exceeded', 'wait', { details: { task_id: 'img_1' } })
    expect(renderError(error).envelope.error['task_id']).toBe('img_1')
  })

  it('does not let details overwrite its four keys', () => {
    const error = new AppError('internal_error', 'true', { details: { message: 'false', code: 1 } })
    expect(renderError(error).envelope.error).toMatchObject({
      message: 'true',
      code: 'internal_error',
    })
  })
})

describe('retry headers', () => {
  it.each(codes)('prevent automatic retries of what cannot succeed: %s', (code) => {
    const { status, headers } = renderError(new AppError(code, ''))
    const retriedByDefault = status === 408 || status === 409 || status === 429 || status >= 500
    if (errorCodes[code].retryable || !retriedByDefault) return
    expect(headers['x-should-retry']).toBe('false')
  })

  it('prevent retries with insufficient credit', () => {
    const { status, headers } = renderError(new AppError('insufficient_credit', ''))
    expect([status, headers['x-should-retry']]).toEqual([402, 'false'])
    expect(headers).not.toHaveProperty('retry-after')
  })

  it('prevent retries when the upstream may have charged for the call', () => {
    const error = new AppError('upstream_failed', '', { retryable: false })
    expect(renderError(error).headers['x-should-retry']).toBe('false')
  })

  it('request a retry while the first request with an Idempotency-Key is running', () => {
    const { headers } = renderError(new AppError('request_in_progress', '', { retryAfterMs: 500 }))
    expect(headers).toMatchObject({
      'x-should-retry': 'true',
      'retry-after': '1',
      'retry-after-ms': '500',
    })
  })

  it('return the reset time of an exhausted quota, and prevent automatic retries', () => {
    const error = new AppError('daily_quota_exceeded', '', { retryAfterMs: 7_200_000 })
    expect(renderError(error).headers).toMatchObject({
      'x-should-retry': 'false',
      'retry-after': '7200',
    })
  })

  it('request a retry after some seconds while a dependency is unavailable', () => {
    expect(renderError(new AppError('unavailable', '')).headers).toMatchObject({
      'retry-after': '5',
    })
  })

  it('limit Retry-After to what clients respect', () => {
    const error = new AppError('rate_limit_exceeded', '', { retryAfterMs: 3_600_000 })
    expect(renderError(error).headers).toMatchObject({
      'retry-after': '60',
      'retry-after-ms': '60000',
    })
  })
})
