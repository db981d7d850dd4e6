import { expect, it } from 'vitest'

import { findAlike, foldCase } from './fold-case.ts'

it.each([
  ['GPT-4O', 'gpt-4o'],
  ['gpt-\u212aimi', 'gpt-kimi'],
  ['\u017fora', 'SORA'],
  ['\uff47\uff50\uff54', 'gpt'],
  ['\u0130mage', 'image'],
  ['\u0131mage', 'IMAGE'],
  ['gpt\u200b', 'gpt'],
  ['gpt ', 'gpt'],
])('%j and %j are alike', (one, other) => {
  expect(foldCase(one)).toBe(foldCase(other))
  expect(findAlike(['x', one, other])).toEqual([one, other])
})

it('names that differ by dots, dashes or digits are not alike, and equal names are not reported', () => {
  expect(findAlike(['gpt-4.1', 'gpt-41', 'gpt-4-1', 'gpt_4.1', 'gpt-4.1'])).toBeUndefined()
})
