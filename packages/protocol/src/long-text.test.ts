import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { LongText } from './long-text.ts'

/** A string in JSON encoding, sometimes with unnecessary escapes. */
const written = fc
  .array(
    fc.oneof(fc.string({ unit: 'grapheme', maxLength: 4 }), fc.constantFrom('\\', '"', '\n', '/')),
  )
  .map((parts) => parts.join(''))
  .chain((text) => fc.boolean().map((isEscaped) => ({ text, isEscaped })))
  .map(({ text, isEscaped }) => {
    const json = JSON.stringify(text).slice(1, -1)
    const escaped = json.replaceAll(
      /[a-z](?<!\\.)/g,
      (char) => `\\u00${char.charCodeAt(0).toString(16)}`,
    )
    const isEqual = isEscaped && JSON.parse(`"${escaped}"`) === text
    return { text, bytes: Buffer.from(isEqual ? escaped : json) }
  })

test('a text is the same however it is split into pieces', () => {
  fc.assert(
    fc.property(written, fc.integer({ min: 6, max: 30 }), ({ text, bytes }, size) => {
      const long = new LongText(bytes)
      expect([...long.pieces(size)].join('')).toBe(text)
      expect(long.text()).toBe(text)
      expect(text.startsWith(long.head(size))).toBe(true)
    }),
  )
})

test('a short slice is text, a long one another view of the same bytes', () => {
  const long = new LongText(Buffer.from(`data:image\\/png;base64,${'A'.repeat(100_000)}`))
  const comma = long.indexOf(',')
  expect(long.slice(0, comma)).toBe('data:image/png;base64')
  const rest = long.slice(comma + 1)
  expect(rest).toBeInstanceOf(LongText)
  expect(rest).toMatchObject({ byteLength: 100_000 })
})
