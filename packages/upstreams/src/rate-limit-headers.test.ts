import { describe, expect, it } from 'vitest'

import { RETRY_AFTER_MS_MAX, readRetryAfterMs } from './rate-limit-headers.ts'

const nowMs = Date.UTC(2026, 10, 21, 12, 0, 0)
const httpDate = (ms: number) => new Date(nowMs + ms).toUTCString()

describe('readRetryAfterMs', () => {
  it.each<[string, Record<string, string | string[]>, number | undefined]>([
    ['no header', {}, undefined],
    ['seconds', { 'retry-after': '7' }, 7_000],
    ['parts of a second', { 'retry-after': '0.5' }, 500],
    ['now', { 'retry-after': '0' }, 0],
    ['more than a minute, unchanged', { 'retry-after': '61' }, 61_000],
    ['milliseconds before seconds', { 'retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
    ['a date', { 'retry-after': httpDate(30_000) }, 30_000],
    ['a past date as now', { 'retry-after': httpDate(-30_000) }, 0],
    ['a negative number as now', { 'retry-after': '-5' }, 0],
    ['an invalid date', { 'retry-after': 'soon' }, undefined],
    ['an empty value', { 'retry-after': '' }, undefined],
    ['a year, limited to a day', { 'retry-after': '31536000' }, RETRY_AFTER_MS_MAX],
    ['a repeated header, its first', { 'retry-after': ['3', '9'] }, 3_000],
    [
      'the reset of an exhausted budget',
      { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s' },
      360_000,
    ],
    [
      'the longest reset of two exhausted budgets',
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '20ms',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '1m2.5s',
      },
      62_500,
    ],
    [
      'nothing for a budget that is not exhausted',
      { 'x-ratelimit-remaining-requests': '9', 'x-ratelimit-reset-requests': '1s' },
      undefined,
    ],
    [
      'nothing for an invalid reset',
      { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1 fortnight' },
      undefined,
    ],
  ])('reads %s', (_name, headers, expected) => {
    expect(readRetryAfterMs(headers, nowMs)).toBe(expected)
  })
})
