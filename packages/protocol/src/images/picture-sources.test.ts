import { isAppError } from '@sluice/kernel/app-error'
import { expect, test } from 'vitest'

import { readPictureSources } from './picture-sources.ts'

const read = (value: unknown) =>
  readPictureSources(value, { param: 'reference_images', countMax: 4 })

const refusal = (value: unknown) => {
  try {
    read(value)
    return 'accepted'
  } catch (error) {
    if (!isAppError(error)) throw error
    return `${error.code} ${error.param}`
  }
}

test('URLs, data URLs and plain base64 are distinguished, alone and in every wrapper', () => {
  expect(read('https://example.com/a.png')).toEqual([
    { kind: 'url', url: 'https://example.com/a.png', param: 'reference_images' },
  ])
  expect(
    read([
      'data:image/png;base64,iVBORw0KGgo=',
      'iVBORw0KGgo',
      { image_url: 'http://example.com/b' },
      { image_url: { url: 'data:;base64,AAAA' } },
    ]),
  ).toEqual([
    { kind: 'base64', base64: 'iVBORw0KGgo=', param: 'reference_images[0]' },
    { kind: 'base64', base64: 'iVBORw0KGgo', param: 'reference_images[1]' },
    { kind: 'url', url: 'http://example.com/b', param: 'reference_images[2]' },
    { kind: 'base64', base64: 'AAAA', param: 'reference_images[3]' },
  ])
  expect(read({ b64_json: 'AAAA' })).toEqual([
    { kind: 'base64', base64: 'AAAA', param: 'reference_images' },
  ])
  const path = `/p/img/img_${'0'.repeat(32)}/0?exp=9&sig=ab`
  expect(read(path)).toEqual([{ kind: 'own', path, param: 'reference_images' }])
  expect(read(null)).toEqual([])
})

test('a value that is not a picture is refused with its index in the list', () => {
  expect(refusal(['AAAA', 7])).toBe('invalid_value reference_images[1]')
  expect(refusal('')).toBe('invalid_value reference_images')
  expect(refusal('file:///etc/passwd')).toBe('invalid_value reference_images')
  expect(refusal('data:text/html,<p>')).toBe('invalid_value reference_images')
  expect(refusal('data:image/png;base64,')).toBe('invalid_value reference_images')
  expect(refusal('data:no-comma')).toBe('invalid_value reference_images')
  expect(refusal('https://')).toBe('invalid_value reference_images')
  expect(refusal([[['AAAA']]])).toBe('invalid_value reference_images[0]')
  expect(refusal(['A', 'A', 'A', 'A', 'A'])).toBe('invalid_value reference_images')
  expect(refusal({ file_id: 'file-1' })).toBe('unsupported_parameter reference_images')
})
