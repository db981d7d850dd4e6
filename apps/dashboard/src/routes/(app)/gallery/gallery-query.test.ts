import { expect, it } from 'vitest'

import { readGalleryQuery } from './gallery-query.ts'

const read = (query: string) => readGalleryQuery(new URLSearchParams(query))

it('the URL filters by state, model, text and days', () => {
  expect(read('state=failed&model=m&q=fox&from=2026-11-01&to=2026-11-21')).toEqual({
    state: 'failed',
    model: 'm',
    q: 'fox',
    from: '2026-11-01',
    to: '2026-11-21',
  })
})

it('invalid values of the URL are ignored', () => {
  expect(read('state=__proto__&from=2026-02-30&to=yesterday&q=%20&model=')).toEqual({})
  expect(read(`q=${'x'.repeat(5_000)}`).q).toHaveLength(200)
})
