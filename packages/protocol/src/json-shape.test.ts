import { expect, it } from 'vitest'

import { JSON_DEPTH_MAX, JSON_VALUES_MAX } from './json-cursor.ts'
import { checkJsonShape } from './json-shape.ts'

const check = (text: string) => () => checkJsonShape(Buffer.from(text))
const refused = (message: string) =>
  expect.objectContaining({ code: 'invalid_json', message: expect.stringContaining(message) })

it.each([
  '{}',
  ' [1, -2.5e3, "a", true, false, null, {"b": []}] ',
  JSON.stringify({ text: '"\\"\\\\'.repeat(5_000), more: 'x' }),
  JSON.stringify(`${'x'.repeat(200)}\\`),
  JSON.stringify(Array.from({ length: 200 }, (_, n) => 'x'.repeat(n) + '\\"'.repeat(n % 7))),
])('accepts valid JSON', (text) => {
  expect(check(text)).not.toThrow()
})

it('names the exceeded limit', () => {
  const deep = '['.repeat(JSON_DEPTH_MAX + 1)
  expect(check(deep + ']'.repeat(JSON_DEPTH_MAX + 1))).toThrow(refused(String(JSON_DEPTH_MAX)))
  expect(check(`[${'{},'.repeat(JSON_VALUES_MAX)}{}]`)).toThrow(refused(String(JSON_VALUES_MAX)))
  const members = Array.from({ length: JSON_VALUES_MAX + 1 }, () => '"":0').join()
  expect(check(`{${members}}`)).toThrow(refused(String(JSON_VALUES_MAX)))
})

it.each(['', '{', '[1,]', '{"a":1}}', '"a', '"\\"', '01', 'tru'])('refuses %j', (text) => {
  expect(check(text)).toThrow(expect.objectContaining({ code: 'invalid_json' }))
})
