import { expect, it } from 'vitest'

import { oneOf, readFilter } from './read-filter.ts'

it('a filter has what the URL says, and nothing for what it leaves empty', () => {
  const params = new URLSearchParams('q=ada&role=&other=1')
  expect(readFilter(params, ['q', 'role'])).toEqual({ q: 'ada' })
})

it('a word that is no value of the filter filters nothing', () => {
  expect(oneOf('banned', ['active', 'banned'])).toBe('banned')
  expect(oneOf('odd', ['active', 'banned'])).toBeUndefined()
  expect(oneOf(undefined, ['active'])).toBeUndefined()
})
