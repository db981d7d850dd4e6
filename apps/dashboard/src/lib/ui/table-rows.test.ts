import { expect, test } from 'vitest'
import { nextRow } from './table-rows.ts'

test('arrows stop at the ends, Home and End jump to them', () => {
  expect(nextRow('ArrowDown', { at: 3, last: 3 })).toBe(3)
  expect(nextRow('ArrowUp', { at: 0, last: 3 })).toBe(0)
  expect(nextRow('Home', { at: 2, last: 3 })).toBe(0)
  expect(nextRow('End', { at: 0, last: 3 })).toBe(3)
})

test('other keys are not handled', () => {
  for (const key of ['a', 'Enter', 'constructor']) {
    expect(nextRow(key, { at: 0, last: 3 })).toBeUndefined()
  }
})
