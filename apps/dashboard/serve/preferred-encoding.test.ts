import { expect, it } from 'vitest'

import { preferredEncoding } from './preferred-encoding.ts'

it.each([
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, deflate', 'gzip'],
  ['br;q=0, gzip;q=0.5', 'gzip'],
  ['*', 'br'],
  ['identity', undefined],
  ['GZIP', 'gzip'],
  ['', undefined],
  [null, undefined],
])('Accept-Encoding %j selects %s', (header, encoding) => {
  expect(preferredEncoding(header, ['br', 'gzip'])).toBe(encoding)
})
