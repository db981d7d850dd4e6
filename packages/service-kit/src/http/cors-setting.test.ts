import { expect, it } from 'vitest'

import { allowedOriginsSetting } from './cors-setting.ts'

it.each([
  [undefined, '*'],
  ['*', '*'],
  ['none', []],
  [
    ' https://A.example.org/ , http://localhost:5173',
    ['https://a.example.org', 'http://localhost:5173'],
  ],
])('%j allows %j', (text, origins) => {
  expect(allowedOriginsSetting.parse(text)).toEqual(origins)
})

it.each([
  '',
  'example.org',
  'https://a.test/path',
  'https://*.a.test',
  '*,https://a.test',
  'ftp://a.test',
  'null',
])('%j is refused as an invalid setting', (text) => {
  expect(allowedOriginsSetting.safeParse(text).success).toBe(false)
})
