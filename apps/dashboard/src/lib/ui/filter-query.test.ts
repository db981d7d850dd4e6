import { expect, test } from 'vitest'
import { activeFilters, withFilter } from './filter-query.ts'

test('a changed filter keeps the others and starts from the first page', () => {
  const query = new URLSearchParams('q=cat&state=failed&cursor=abc')
  expect(withFilter(query, 'state', 'done').toString()).toBe('q=cat&state=done')
})

test('an emptied filter leaves the address', () => {
  expect(withFilter(new URLSearchParams('q=cat'), 'q', '').toString()).toBe('')
})

test('what the address says besides filters is no filter', () => {
  expect(activeFilters(new URLSearchParams('q=&state=done&open=key_1'), ['q', 'state'])).toEqual([
    'state',
  ])
})
