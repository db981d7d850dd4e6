import { expect, it } from 'vitest'

import { oneOf, readFilter } from './read-filter.ts'

it('a filter has the values of the URL and ignores empty ones', () => {
  const params = new URLSearchParams('q=ada&role=&other=1')
  expect(readFilter(params, ['q', 'role'])).toEqual({ q: 'ada' })
})

it('an unknown value is ignored', () => {
  expect(oneOf('banned', ['active', 'banned'])).toBe('banned')
  expect(oneOf('odd', ['active', 'banned'])).toBeUndefined()
  expect(oneOf(undefined, ['active'])).toBeUndefined()
})
