import { describe, expect, it } from 'vitest'

import { readErrorBody, shownMessage } from './error-body.ts'

describe('readErrorBody', () => {
  it.each([
    ['{"error":{"code":"A_b","type":"T","message":"m"}}', { code: 'a_b', type: 't', message: 'm' }],
    ['{"error":{"code":429,"message":"m","param":null}}', { code: '429', message: 'm' }],
    ['{"error":"plain"}', { message: 'plain' }],
    ['{"message":"bare","code":"c"}', { message: 'bare', code: 'c' }],
    ['{"error":{"message":{"deep":1},"code":"c"}}', { code: 'c', message: undefined }],
  ])('reads %s', (text, expected) => {
    expect(readErrorBody(text)).toMatchObject({ ...expected, recognised: true })
  })

  it.each(['', '<html></html>', '[]', '"text"', 'null', '{"detail":"x"}', '{"error":'])(
    'takes nothing from %j',
    (text) => expect(readErrorBody(text)).toMatchObject({ recognised: false, code: undefined }),
  )
})

describe('shownMessage', () => {
  it('is one line of bounded length', () => {
    expect(shownMessage('a\r\nb\u2028c\u0000d')).toBe('a b c d')
    expect(shownMessage('x'.repeat(10_000))).toHaveLength(500)
  })

  it.each([
    'sk-abcdefghijkl',
    'sk-proj-a_b-c.d1234',
    'Bearer abc.def.ghi',
    'org-A1b2C3d4E5',
    'sess-0123456789',
  ])('never repeats %s', (secret) => {
    expect(shownMessage(`before ${secret} after`)).toBe('before [removed] after')
  })
})
