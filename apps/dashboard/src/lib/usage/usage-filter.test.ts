import { expect, it } from 'vitest'

import { readUsageFilter } from './usage-filter.ts'

const read = (text: string) => readUsageFilter(new URLSearchParams(text))

it('the filter is read from the URL', () => {
  const all = { from: '2026-11-01', to: '2026-11-21', model: 'gpt-image-2', api_key_id: 'key_1' }
  expect(read(new URLSearchParams(all).toString())).toEqual(all)
})

it('absent and invalid values of the URL are ignored', () => {
  expect(read('')).toEqual({})
  expect(read('from=yesterday&to=2026-13-40&model=')).toEqual({})
})
