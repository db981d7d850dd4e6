import { describe, expect, it } from 'vitest'

import { decodePicture } from './take-picture.ts'

describe('decodePicture', () => {
  it.each([
    ['YQ==', 'a'],
    ['YWI=', 'ab'],
    ['YWJj', 'abc'],
    ['data:image/png;base64,YWJj', 'abc'],
  ])('decodes %s', (text, expected) => {
    expect(Buffer.from(decodePicture(text) ?? []).toString()).toBe(expected)
  })

  it.each(['', '=', '====', 'YWJj*&^%', 'YW  Jj', 'not base64 at all!', '<html>'])(
    'takes nothing from %j',
    (text) => expect(decodePicture(text)).toBeUndefined(),
  )
})
