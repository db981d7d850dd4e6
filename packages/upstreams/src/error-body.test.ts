import { describe, expect, it } from 'vitest'

import { hideSecret, readErrorBody, shownMessage } from './error-body.ts'

describe('readErrorBody', () => {
  it.each([
    ['{"error":{"code":"A_b","type":"T","message":"m"}}', { code: 'a_b', type: 't', message: 'm' }],
    ['{"error":{"code":429,"message":"m","param":null}}', { code: '429', message: 'm' }],
    ['{"error":"plain"}', { message: 'plain' }],
    ['{"message":"bare","code":"c"}', { message: 'bare', code: 'c' }],
    ['{"error":{"message":{"deep":1},"code":"c"}}', { code: 'c', message: undefined }],
    [
      '{"error":{"message":"m","param":"size","code":"Bad_Size"}}',
      { param: 'size', shownCode: 'Bad_Size' },
    ],
    ['{"error":{"message":"m","param":["messages",0,"content"]}}', { param: 'messages.0.content' }],
    [
      '{"error":{"message":"m","param":"sk-abcdefghijkl","code":"a <b>"}}',
      { param: undefined, shownCode: undefined },
    ],
    ['{"detail":"x"}', { message: 'x' }],
    [
      '{"detail":[{"loc":["body","size"],"msg":"bad","type":"t"}]}',
      { message: 'bad', param: 'size' },
    ],
    ['[{"error":{"message":"m","code":400}}]', { message: 'm', code: '400' }],
    [
      '{"error":{"param":"size","code":"too_long","message":"a \\"b\\" \\u00',
      { message: 'a "b" ', param: 'size', code: 'too_long' },
    ],
  ])('reads %s', (text, expected) => {
    expect(readErrorBody(text)).toMatchObject({ ...expected, recognised: true })
  })

  it.each(['', '<html></html>', '[]', '"text"', 'null', '{"detail":[]}', '{"error":'])(
    'recognises nothing in %j',
    (text) => expect(readErrorBody(text)).toMatchObject({ recognised: false, code: undefined }),
  )
})

describe('shownMessage', () => {
  it('is a single line of limited length', () => {
    expect(shownMessage('a\r\nb\u2028c\u0000d')).toBe('a b c d')
    expect(shownMessage('x'.repeat(10_000))).toHaveLength(1_000)
    expect(shownMessage('word '.repeat(1_000))).toMatch(/^(word )+…$/)
  })

  it.each([
    'sk-abcdefghijkl',
    'sk-proj-a_b-c.d1234',
    'sk-ab***********wxyz',
    'Bearer abc.def.ghi',
    'Bearer 0123456789abcdef',
    'org-A1b2C3d4E5',
    'org-aBcDeFgHiJkLmNoPqRsTuVwX',
    'proj_0123456789abcdefABCDEF01',
    'user-aB3dE5gH7jK9mN1pQ3rS5tU7',
    'req_0123456789abcdef0123456789abcdef',
    'sess-0123456789',
    'gsk_abcdefghijklmnop0123',
    'AIzaSyA-0123456789abcdefghijklm',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
  ])('never repeats %s', (secret) => {
    expect(shownMessage(`before ${secret} after`)).toBe('before [removed] after')
  })

  it.each([
    'user_location_hint',
    'user-agent-override',
    'user_id_12345',
    'project_name',
    'proj_settings',
    'key_terms',
    'key-value-pairs',
    'org-chart',
    'org-chart-2026',
    'organization_name',
    'req_format_version2',
    'request_id',
    'sk-learn',
    'sk-learn-pipeline',
    'session_timeout',
    'sess-storage',
    'Bearer authentication',
    'task-oriented',
    'response_format',
    'x-api-key',
  ])('keeps %s, which is not a secret', (word) => {
    expect(shownMessage(`before ${word} after`)).toBe(`before ${word} after`)
  })
})

describe('hideSecret', () => {
  it('removes the secrets of the access in plain and JSON-escaped form', () => {
    const text = 'key plain-words-secret of my-organization: "a\\"quoted\\"one"'
    const secrets = ['plain-words-secret', 'my-organization', 'a"quoted"one', 'of']
    expect(hideSecret(text, secrets)).toBe('key [removed] of [removed]: "[removed]"')
  })
})
