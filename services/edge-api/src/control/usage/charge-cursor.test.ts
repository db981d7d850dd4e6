import { expect, it } from 'vitest'

import { readChargeCursor, writeChargeCursor } from './charge-cursor.ts'

it('a cursor is decoded to the position that it encodes', () => {
  const position = { at: new Date('2026-11-21T09:00:00.123Z'), id: `req_${'0a'.repeat(16)}` }
  expect(readChargeCursor(writeChargeCursor(position))).toEqual(position)
})

it.each(['', 'x', 'MTIz', Buffer.from('1.img_1').toString('base64url'), '1'.repeat(200)])(
  'an invalid cursor is rejected: %s',
  (cursor) => {
    const refusal = expect.objectContaining({ code: 'invalid_value', param: 'cursor' })
    expect(() => readChargeCursor(cursor)).toThrow(refusal)
  },
)
