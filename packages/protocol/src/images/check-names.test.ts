import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { checkImageNames } from './check-names.ts'
import { imageNames } from './extra-fields.ts'

const check = (body: unknown, ignoredAs: 'null' | 'false' = 'null') =>
  JSON.parse(checkImageNames(Buffer.from(JSON.stringify(body)), ignoredAs).toString()) as unknown

describe('members of an image request that are never read', () => {
  it('are replaced where they are objects or lists, and kept where they are scalars', () => {
    const body = { prompt: 'p', tools: [{ a: [1] }], style: 'vivid', images: [{ url: 'u' }], x: {} }
    expect(check(body)).toEqual({ ...body, tools: null, x: null })
    expect(check(body, 'false')).toEqual({ ...body, tools: false, x: false })
  })

  it('leave no trace of their size in what is parsed', () => {
    const body = Buffer.from(`{"junk":[${'{},'.repeat(150_000)}{}],"prompt":"p"}`)
    expect(checkImageNames(body, 'null').length).toBeLessThan(40)
  })

  it('leave everything else as it was, whatever the body', () => {
    const members = fc.dictionary(
      fc.constantFrom('prompt', 'images', 'n', 'extra', 'other_list'),
      fc.jsonValue({ maxDepth: 4 }),
    )
    fc.assert(
      fc.property(members, (body) => {
        const isRead = ([name, value]: [string, unknown]) =>
          imageNames.has(name) || typeof value !== 'object'
        const wanted = Object.entries(body).map((entry) =>
          isRead(entry) ? entry : [entry[0], null],
        )
        expect(check(body)).toEqual(Object.fromEntries(wanted))
      }),
    )
  })

  it('a body that is no object is returned as it is', () => {
    const body = Buffer.from('[1]')
    expect(checkImageNames(body, 'null')).toBe(body)
  })
})
