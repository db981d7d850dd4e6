import { describe, expect, it } from 'vitest'

import {
  pictureTypeOf,
  REFERENCE_BYTES_MAX,
  refuseReference,
  REFERENCES_BYTES_MAX,
} from './reference-rules.ts'
import type { Offered, RuleInput } from './reference-rules.ts'

const file = (name: string, size = 1_000): Offered => ({ name, size, lastModified: 1 })
const why = (input: Partial<RuleInput>) =>
  refuseReference({
    taken: [],
    offered: file('cat.png'),
    type: 'image/png',
    countMax: 4,
    ...input,
  })?.why

describe('a reference picture', () => {
  it('is accepted while the limits allow it', () => {
    expect(why({ taken: [file('a'), file('b'), file('c')] })).toBeUndefined()
    expect(why({ taken: [file('a'), file('b'), file('c'), file('d')] })).toBe('count')
  })

  it('is refused with a specific reason for each rule', () => {
    expect(why({ type: undefined })).toBe('type')
    expect(why({ offered: file('cat.png', 0) })).toBe('empty')
    expect(why({ offered: file('cat.png', REFERENCE_BYTES_MAX + 1) })).toBe('size')
    expect(why({ taken: [file('cat.png')] })).toBe('twice')
    expect(why({ countMax: 0 })).toBe('count')
  })

  it('is refused when the form would exceed the limit of the gateway', () => {
    const half = REFERENCES_BYTES_MAX / 2
    expect(why({ taken: [file('a', half)], offered: file('b', half) })).toBeUndefined()
    expect(why({ taken: [file('a', half)], offered: file('b', half + 1) })).toBe('total')
  })

  it.each([
    [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0], 'image/png'],
    [[0xff, 0xd8, 0xff, 0xe0], 'image/jpeg'],
    [[0x52, 0x49, 0x46, 0x46, 1, 2, 3, 4, 0x57, 0x45, 0x42, 0x50], 'image/webp'],
    [[0x47, 0x49, 0x46, 0x38, 0x39, 0x61], undefined],
    [[], undefined],
  ])('is recognised by its bytes, not by its name', async (bytes, type) => {
    expect(await pictureTypeOf(new Blob([new Uint8Array(bytes)]))).toBe(type)
  })
})
