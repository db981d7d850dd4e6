import { describe, expect, it } from 'vitest'

import { fingerprintOf, requestBody } from './request-body.ts'
import type { RequestInput } from './request-body.ts'
import { firstSettings } from './studio-settings.ts'

const input = (more: Partial<RequestInput> = {}): RequestInput => ({
  prompt: ' a fox ',
  settings: firstSettings('m'),
  references: [],
  partialsMax: 3,
  ...more,
})
const file = (name: string) => new File(['bytes'], name, { type: 'image/png', lastModified: 1 })

describe('a request', () => {
  it('is JSON without pictures, with all settings', () => {
    expect(requestBody(input())).toEqual({
      model: 'm',
      prompt: 'a fox',
      n: 1,
      size: 'auto',
      quality: 'auto',
      background: 'auto',
      output_format: 'png',
      partial_images: 3,
    })
  })

  it('requests no partial pictures if the model does not support them', () => {
    expect(requestBody(input({ partialsMax: 0 }))).not.toHaveProperty('partial_images')
  })

  it('has a compression only for formats with one', () => {
    const settings = { ...firstSettings('m'), format: 'webp' as const, compression: 40 }
    expect(requestBody(input({ settings }))).toMatchObject({ output_compression: 40 })
  })

  it('is a form with pictures, each as image[]', () => {
    const body = requestBody(
      input({ references: [{ file: file('a.png') }, { file: file('b.png') }] }),
    )
    if (!(body instanceof FormData)) throw new Error('not a form')
    expect(body.getAll('image[]').map((part) => (part instanceof File ? part.name : part))).toEqual(
      ['a.png', 'b.png'],
    )
    expect(body.get('prompt')).toBe('a fox')
    expect(body.get('n')).toBe('1')
  })
})

it('has an equal fingerprint only if all values are equal', () => {
  const one = fingerprintOf(input())
  expect(fingerprintOf(input({ prompt: 'a fox' }))).toBe(one)
  expect(fingerprintOf(input({ prompt: 'a hare' }))).not.toBe(one)
  expect(fingerprintOf(input({ references: [{ file: file('a.png') }] }))).not.toBe(one)
  expect(fingerprintOf(input({ settings: { ...firstSettings('m'), count: 2 } }))).not.toBe(one)
})
