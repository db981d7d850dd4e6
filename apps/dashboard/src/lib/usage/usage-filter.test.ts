import { expect, it } from 'vitest'

import { readUsageFilter } from './usage-filter.ts'

const read = (text: string) => readUsageFilter(new URLSearchParams(text))

it('the URL is the filter', () => {
  const all = { from: '2026-11-01', to: '2026-11-21', model: 'gpt-image-2', api_key_id: 'key_1' }
  expect(read(new URLSearchParams(all).toString())).toEqual(all)
})

it('what the URL does not say, or says wrong, filters nothing', () => {
  expect(read('')).toEqual({})
  expect(read('from=yesterday&to=2026-13-40&model=')).toEqual({})
})
