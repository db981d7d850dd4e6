import { isAppError } from '@sluice/kernel/app-error'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { LongText } from './long-text.ts'
import { parseLargeJson } from './parse-large-json.ts'

const long = 'A'.repeat(70_000)

/** The same value with all long strings decoded. */
function built(value: unknown): unknown {
  if (value instanceof LongText) return value.text()
  if (Array.isArray(value)) return value.map(built)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, built(inner)]))
}

test('long strings become LongText anywhere, and nothing else changes', () => {
  const json = fc.json({ maxDepth: 4 })
  fc.assert(
    fc.property(json, json, (before, after) => {
      const text = `{"a":${before},"p":["${long}",{"q" : "x\\"${long}"}],"b":${after},"__proto__":"${long}"}`
      const parsed = parseLargeJson(Buffer.from(text))
      expect(built(parsed)).toEqual(built(JSON.parse(text)))
      expect(parsed).toMatchObject({ p: [expect.any(LongText), { q: expect.any(LongText) }] })
    }),
    { numRuns: 50 },
  )
})

test('a long member name stays a name', () => {
  const text = `{"${long}" : "${long}"}`
  expect(Object.keys(parseLargeJson(Buffer.from(text)) as object)).toEqual([long])
})

test.each(['\ue0000', '\\ue0000', '\\uE0001', '\\\\ue0000', '\ue000', '\ue0007'])(
  'text that looks like a placeholder (%j) is preserved',
  (written) => {
    const text = `{"text":"${written}","picture":"${long}"}`
    expect(built(parseLargeJson(Buffer.from(text)))).toEqual(JSON.parse(text))
  },
)

test('too much data besides the long strings is refused before parsing', () => {
  const body = Buffer.from(
    JSON.stringify({ many: Array.from({ length: 3_000 }, () => 'x'.repeat(2_000)) }),
  )
  const refusal = () => {
    try {
      return parseLargeJson(body)
    } catch (error) {
      return isAppError(error) && error.code
    }
  }
  expect(refusal()).toBe('body_too_large')
})
