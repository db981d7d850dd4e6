import { expect, test } from 'vitest'
import { activeFilters, withFilter } from './filter-query.ts'

test('a changed filter keeps the others and resets the page', () => {
  const query = new URLSearchParams('q=cat&state=failed&cursor=abc')
  expect(withFilter(query, 'state', 'done').toString()).toBe('q=cat&state=done')
})

test('an empty filter is removed from the URL', () => {
  expect(withFilter(new URLSearchParams('q=cat'), 'q', '').toString()).toBe('')
})

test('other values of the URL are not filters', () => {
  expect(activeFilters(new URLSearchParams('q=&state=done&open=key_1'), ['q', 'state'])).toEqual([
    'state',
  ])
})
