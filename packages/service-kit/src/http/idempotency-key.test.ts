import { expect, it } from 'vitest'

import { readIdempotencyKey } from './idempotency-key.ts'

const read = (key: string | undefined) =>
  readIdempotencyKey(key === undefined ? {} : { 'idempotency-key': key })

it('reads a key of printable ASCII characters, and none where no header is', () => {
  expect(read(undefined)).toBeUndefined()
  expect(read('order 17')).toBe('order 17')
  expect(read('x'.repeat(255))).toHaveLength(255)
})

it('refuses a key that is empty, too long or not printable, by name', () => {
  for (const key of ['', 'x'.repeat(256), 'ké', 'a\tb'])
    expect(() => read(key), key).toThrow(
      expect.objectContaining({ code: 'invalid_value', param: 'Idempotency-Key' }),
    )
})
