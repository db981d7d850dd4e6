import { describe, expect, it } from 'vitest'

import { createFormat, shortId } from './format.ts'

const en = createFormat({ language: 'en', zone: 'Asia/Shanghai' })
const zh = createFormat({ language: 'zh', zone: 'UTC' })

describe('credits', () => {
  it.each([
    ['0', '0'],
    ['12345678', '12.35'],
    ['10000', '0.01'],
    ['9999', '< 0.01'],
    ['-1', '> -0.01'],
    ['-12345678', '-12.35'],
    ['123456789012345678', '123,456,789,012.35'],
  ])('%s micro-credits are %s in text', (micro, text) => {
    expect(en.credits(micro)).toBe(text)
  })

  it('are exact on hover for any size: no floats are used', () => {
    expect(en.creditsExact('123456789012345678')).toBe('123,456,789,012.345678')
    expect(en.creditsExact('999999999999999999')).toBe('999,999,999,999.999999')
    expect(en.creditsExact('-1')).toBe('-0.000001')
  })
})

describe('times', () => {
  it('are shown in the time zone of the user, and UTC days unchanged', () => {
    expect(en.dateTime('2026-11-21T16:05:09Z')).toBe('Nov 22, 2026, 00:05')
    expect(en.dateTimeExact('2026-11-21T16:05:09Z')).toBe('Nov 22, 2026, 00:05:09 GMT+8')
    expect(en.day('2026-11-21')).toBe('Nov 21')
    expect(zh.dateTime('2026-11-21T16:05:09Z')).toBe('2026年11月21日 16:05')
  })

  it.each([
    [0, 'now', '现在'],
    [-5_000, '5 seconds ago', '5秒钟前'],
    [-90_000, '1 minute ago', '1分钟前'],
    [-86_400_000, 'yesterday', '昨天'],
    [5 * 86_400_000, 'in 5 days', '5天后'],
  ])('%d ms from now is formatted as relative time', (ms, english, chinese) => {
    const nowMs = 1_700_000_000_000
    const iso = new Date(nowMs + ms).toISOString()
    expect([en.relative(iso, nowMs), zh.relative(iso, nowMs)]).toEqual([english, chinese])
  })

  it.each([
    [0, '0ms'],
    [850.4, '850ms'],
    [1_234, '1.2s'],
    [41_900, '41s'],
    [180_000, '3m'],
    [200_000, '3m 20s'],
    [7_500_000, '2h 5m'],
  ])('%d ms last %s', (ms, text) => {
    expect(en.duration(ms)).toBe(text)
  })
})

it('sizes use decimal units', () => {
  const texts = [0, 999, 1_400, 1_400_000, 123_000_000, 5e9].map(en.bytes)
  expect(texts).toEqual(['0 B', '999 B', '1.4 kB', '1.4 MB', '123 MB', '5 GB'])
})

it('an id is shortened in the middle, so that its prefix and its end stay readable', () => {
  expect(shortId('img_0193218a0193218a0193218a0193a4f0')).toBe('img_01932…a4f0')
  expect(shortId('short')).toBe('short')
})
