import { describe, expect, it } from 'vitest'

import { decodePicture } from './decode-picture.ts'

describe('decodePicture', () => {
  it.each([
    ['YQ==', 'a'],
    ['YWI=', 'ab'],
    ['YWJj', 'abc'],
    ['YQ', 'a'],
    ['YWI', 'ab'],
    ['  YWJj\n', 'abc'],
    ['YW\r\nJj', 'abc'],
    ['YW  Jj', 'abc'],
    ['Pz8_Pj4-', '???>>>'],
    ['Pz8/Pj4+', '???>>>'],
    ['Pz8%2FPj4%2B', '???>>>'],
    ['data:image/png;base64,YWJj', 'abc'],
    ['DATA:IMAGE/PNG;BASE64,YWJj', 'abc'],
    ['data:;base64,YWJj', 'abc'],
    ['data:application/octet-stream;name="a b.png"; base64 ,YW\nJj', 'abc'],
    ['data:image/png;charset=utf-8;base64,YWI%3D', 'ab'],
    ['data:image/png,%61b%63', 'abc'],
    ['data:image/png,YWJj', 'abc'],
  ])('decodes %j', (text, expected) => {
    expect(Buffer.from(decodePicture(text) ?? []).toString()).toBe(expected)
  })

  it('decodes every byte of a percent-encoded data URL', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const text = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
    expect(decodePicture(`data:image/png,${text}`)).toEqual(bytes)
  })

  it.each(['', '=', '====', 'YWJj*&^%', 'not base64 at all!', '<html>', 'data:image/png;base64'])(
    'rejects %j',
    (text) => expect(decodePicture(text)).toBeUndefined(),
  )
})
