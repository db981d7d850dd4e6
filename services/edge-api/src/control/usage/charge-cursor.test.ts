import { expect, it } from 'vitest'

import { readChargeCursor, writeChargeCursor } from './charge-cursor.ts'

it('a cursor comes back as the place that it was made of', () => {
  const place = { at: new Date('2026-11-21T09:00:00.123Z'), id: `req_${'0a'.repeat(16)}` }
  expect(readChargeCursor(writeChargeCursor(place))).toEqual(place)
})

it.each(['', 'x', 'MTIz', Buffer.from('1.img_1').toString('base64url'), '1'.repeat(200)])(
  'what is no cursor is refused: %s',
  (cursor) => {
    const refusal = expect.objectContaining({ code: 'invalid_value', param: 'cursor' })
    expect(() => readChargeCursor(cursor)).toThrow(refusal)
  },
)
