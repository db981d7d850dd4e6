import { isAppError } from '@sluice/kernel/app-error'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { checkRepeats } from './json-repeats.ts'

const refused = (text: string) => {
  try {
    checkRepeats(Buffer.from(text))
    return undefined
  } catch (error) {
    return isAppError(error) ? `${error.code} ${error.param}` : 'other'
  }
}

it.each([
  ['{"amount":1,"amount":2}', 'invalid_value amount'],
  ['{"amount":1,"note":"x","am\\u006funt":2}', 'invalid_value amount'],
  ['{"models":[{"model":"a","kinds":[],"model":"b"}]}', 'invalid_value models[].model'],
  ['{"settings":{"a":1,"b":{"c":1, "c" :2}}}', 'invalid_value settings.b.c'],
  ['[{"":1,"":2}]', 'invalid_value [].'],
  ['{"a":{"x":1},"b":{"x":1},"c":["a","a"]}', undefined],
  ['{"a":1,"A":2}', undefined],
])('a duplicate member is refused by its path: %s', (text, refusal) => {
  expect(refused(text)).toBe(refusal)
})

it('accepts every body that JSON.stringify writes', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => refused(JSON.stringify(value)) === undefined))
})
