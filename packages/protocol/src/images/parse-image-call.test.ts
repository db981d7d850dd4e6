import { isAppError } from '@sluice/kernel/app-error'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { parseImageCall } from './parse-image-call.ts'

const least = { model: 'gpt-image-2', prompt: 'a red fox' }

/** `code param` of the error, or `accepted`. */
function refusal(fields: Record<string, unknown>): string {
  try {
    parseImageCall(fields)
    return 'accepted'
  } catch (error) {
    if (!isAppError(error)) throw error
    return `${error.code} ${error.param}`
  }
}

test('a minimal request is one png picture with defaults, answered synchronously', () => {
  expect(parseImageCall(least)).toEqual({
    responseMode: 'await',
    responseFormat: undefined,
    request: {
      ...least,
      count: 1,
      size: 'auto',
      quality: 'auto',
      background: 'auto',
      format: 'png',
      partialImages: 0,
    },
  })
})

test('nulls, empty texts and the form text "null" count as absent', () => {
  const names = ['n', 'size', 'quality', 'background', 'output_format', 'output_compression']
  const more = ['moderation', 'stream', 'async', 'partial_images', 'response_format', 'user']
  const { request } = parseImageCall(least)
  for (const nothing of [null, '', 'null', undefined]) {
    const fields = Object.fromEntries([...names, ...more].map((name) => [name, nothing]))
    expect(parseImageCall({ ...fields, ...least }).request).toEqual(request)
  }
})

test('a form and a JSON body with the same parameters are the same call', () => {
  const json = { n: 2, stream: true, partial_images: 3, output_compression: 50 }
  const form = { n: '2', stream: 'true', partial_images: '3', output_compression: '50' }
  const both = { ...least, output_format: 'webp', size: '1536x1024', quality: 'high' }
  const call = parseImageCall({ ...both, ...json })
  expect(parseImageCall({ ...both, ...form })).toEqual(call)
  expect(call.responseMode).toBe('stream')
  expect(call.request).toMatchObject({ count: 2, partialImages: 3, compression: 50 })
})

describe('each error names its parameter', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['no model', { model: undefined }, 'missing_required_parameter model'],
    ['a model of another type', { model: 4 }, 'invalid_value model'],
    ['no prompt', { prompt: null }, 'missing_required_parameter prompt'],
    ['an empty prompt', { prompt: '' }, 'invalid_value prompt'],
    ['a blank prompt', { prompt: ' \n\t' }, 'invalid_value prompt'],
    ['a prompt of another type', { prompt: ['fox'] }, 'invalid_value prompt'],
    ['a prompt with NUL', { prompt: 'fox\0' }, 'invalid_value prompt'],
    ['a prompt of 32,001 characters', { prompt: 'x'.repeat(32_001) }, 'invalid_value prompt'],
    ['n = 0', { n: 0 }, 'invalid_value n'],
    ['n = 11', { n: 11 }, 'invalid_value n'],
    ['n = 1.5', { n: 1.5 }, 'invalid_value n'],
    ['n = "two"', { n: 'two' }, 'invalid_value n'],
    ['n = 1e1 in a form', { n: '1e1' }, 'invalid_value n'],
    ['n = []', { n: [] }, 'invalid_value n'],
    ['a size in words', { size: 'large' }, 'invalid_value size'],
    ['a size by number', { size: 1024 }, 'invalid_value size'],
    ['a size not divisible by 16', { size: '1000x1024' }, 'invalid_value size'],
    ['a ratio over 3:1', { size: '3088x1024' }, 'invalid_value size'],
    ['more pixels than 3840x2160', { size: '3840x2176' }, 'invalid_value size'],
    ['an edge over 3840', { size: '3856x2000' }, 'invalid_value size'],
    ['a zero size', { size: '0x0' }, 'invalid_value size'],
    ['an unknown quality', { quality: 'ultra' }, 'invalid_value quality'],
    ['a quality of another model', { quality: 'max' }, 'unsupported_parameter quality'],
    ['an unknown background', { background: 'pink' }, 'invalid_value background'],
    [
      'transparent jpeg',
      { background: 'transparent', output_format: 'jpeg' },
      'invalid_value background',
    ],
    ['gif', { output_format: 'gif' }, 'unsupported_parameter output_format'],
    ['svg', { output_format: 'svg' }, 'unsupported_parameter output_format'],
    ['bmp', { output_format: 'bmp' }, 'invalid_value output_format'],
    ['compressed png', { output_compression: 80 }, 'unsupported_parameter output_compression'],
    [
      'compression 101',
      { output_format: 'webp', output_compression: 101 },
      'invalid_value output_compression',
    ],
    ['four partial images', { partial_images: 4 }, 'invalid_value partial_images'],
    ['an unknown moderation', { moderation: 'off' }, 'invalid_value moderation'],
    ['an unknown response format', { response_format: 'binary' }, 'invalid_value response_format'],
    ['an unknown fidelity', { input_fidelity: 'max' }, 'invalid_value input_fidelity'],
    ['stream = 1', { stream: 1 }, 'invalid_value stream'],
    ['streamed and async', { stream: true, async: true }, 'invalid_value async'],
    ['a user of 513 characters', { user: 'x'.repeat(513) }, 'invalid_value user'],
  ])('%s', (_, fields, expected) => {
    expect(refusal({ ...least, ...fields })).toBe(expected)
  })
})

test('a prompt of 32,000 characters is accepted, also when each takes two UTF-16 units', () => {
  expect(refusal({ ...least, prompt: '🦊'.repeat(32_000) })).toBe('accepted')
  expect(refusal({ ...least, prompt: '🦊'.repeat(32_001) })).toBe('invalid_value prompt')
})

test('a lone surrogate becomes the replacement character, so that it can be stored', () => {
  expect(parseImageCall({ ...least, prompt: 'fox \ud83e' }).request.prompt).toBe('fox \ufffd')
})

test('the largest and the most extreme published sizes are accepted', () => {
  for (const size of ['3840x2160', '2160x3840', '2880x2880', '3072x1024', '1536x864', 'auto']) {
    expect(parseImageCall({ ...least, size }).request.size).toBe(size)
  }
})

test("DALL·E's sizes and qualities are mapped to supported values where necessary", () => {
  const size = (model: string, requested: string) =>
    parseImageCall({ ...least, model, size: requested }).request.size
  expect(size('gpt-image-1.5', '1792x1024')).toBe('1536x1024')
  expect(size('gpt-image-1-mini', '512x512')).toBe('1024x1024')
  expect(size('gpt-image-2', '1792x1024')).toBe('1792x1024')
  expect(refusal({ ...least, model: 'gpt-image-1.5', size: '2048x2048' })).toBe(
    'unsupported_parameter size',
  )
  const quality = (word: string) => parseImageCall({ ...least, quality: word }).request.quality
  expect([quality('standard'), quality('hd')]).toEqual(['medium', 'high'])
})

test('the five quality steps are accepted for models that support them, and for unknown names', () => {
  for (const model of ['gpt-image-2.5-flare', 'gpt-image-2.6-sunburst', 'our-own-alias']) {
    expect(refusal({ ...least, model, quality: 'max' })).toBe('accepted')
  }
  for (const model of ['gpt-image-2-2026-04-21', 'gpt-image-1.5', 'chatgpt-image-latest']) {
    expect(refusal({ ...least, model, quality: 'max' })).toBe('unsupported_parameter quality')
  }
})

test('input fidelity is dropped where the model does not support it', () => {
  const fidelity = (model: string, input_fidelity: string) =>
    parseImageCall({ ...least, model, input_fidelity }).request.inputFidelity
  expect(fidelity('gpt-image-2', 'high')).toBeUndefined()
  expect(fidelity('gpt-image-1-mini', 'high')).toBeUndefined()
  expect(fidelity('gpt-image-1-mini', 'low')).toBe('low')
  expect(fidelity('gpt-image-1.5', 'high')).toBe('high')
})

test('partial images are not requested when the response mode cannot deliver them', () => {
  expect(parseImageCall({ ...least, partial_images: 2 }).request.partialImages).toBe(0)
  expect(parseImageCall({ ...least, partial_images: 2, async: true }).request.partialImages).toBe(2)
})

test('unknown scalars are forwarded to the upstream, other unknown values are ignored', () => {
  const { request } = parseImageCall({
    ...least,
    complexity: 'high',
    seed: 7,
    tiled: false,
    style: 'vivid',
    nested: { a: 1 },
    list: [1],
    infinite: Number.POSITIVE_INFINITY,
    long: 'x'.repeat(1_001),
    broken: 'a\0b',
    constructor: 'evil',
    ['__proto__']: 'evil',
    'a name with spaces': 1,
  })
  expect(request.extra).toEqual({
    complexity: 'high',
    seed: 7,
    tiled: false,
    style: 'vivid',
  })
})

test("DALL·E's quality words are mapped to a quality for pricing, and retained", () => {
  const quality = (word: string, model = 'dall-e-3') => {
    const { request } = parseImageCall({ ...least, model, quality: word })
    return [request.quality, request.qualityWord]
  }
  expect(quality('hd')).toEqual(['high', 'hd'])
  expect(quality('standard')).toEqual(['medium', 'standard'])
  expect(quality('hd', 'gpt-image-2')).toEqual(['high', 'hd'])
  expect(quality('high')).toEqual(['high', undefined])
  expect(quality('auto')).toEqual(['auto', undefined])
})

test('at most twenty unknown parameters are forwarded', () => {
  const flood = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`field_${n}`, n]))
  expect(Object.keys(parseImageCall({ ...flood, ...least }).request.extra ?? {})).toHaveLength(20)
})

test('safety_identifier takes precedence over user, unless it is empty', () => {
  const identifier = (fields: Record<string, string>) =>
    parseImageCall({ ...least, ...fields }).request.safetyIdentifier
  expect(identifier({ user: 'old', safety_identifier: 'new' })).toBe('new')
  expect(identifier({ user: 'old', safety_identifier: '' })).toBe('old')
})

test('any body is either accepted or refused with an error that names a parameter', () => {
  const value = fc.oneof(fc.anything(), fc.string(), fc.integer(), fc.constantFrom('auto', 'true'))
  const names = [
    'n',
    'size',
    'quality',
    'stream',
    'user',
    'output_format',
    'partial_images',
    'extra',
  ]
  const fields = fc.dictionary(fc.constantFrom(...names, 'prompt', 'model', '__proto__'), value)
  fc.assert(
    fc.property(fields, (body) => {
      expect(refusal({ ...least, ...body })).toMatch(/^(?:accepted|[a-z_]+ [a-z_]+)$/)
    }),
    { numRuns: 3_000, seed: 7 },
  )
})
