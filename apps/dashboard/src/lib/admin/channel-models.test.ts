import { expect, it } from 'vitest'

import { formatModels, parseModels } from './channel-models.ts'

it('formatted models are parsed back unchanged', () => {
  const models = [
    { model: 'gpt-image-2', upstream_model: 'gpt-image-2', kinds: ['image' as const] },
    { model: 'fast', upstream_model: 'gpt-4o-mini', kinds: ['chat' as const] },
    { model: 'both', upstream_model: 'omni', kinds: ['chat' as const, 'image' as const] },
  ]
  const text = formatModels(models)
  expect(text).toBe('gpt-image-2 image\nfast = gpt-4o-mini chat\nboth = omni chat image')
  expect(parseModels(text)).toEqual({ models, wrong: undefined })
})

it('an invalid line is returned, and so is a duplicate model', () => {
  expect(parseModels('gpt-image-2 image\nfast').wrong).toBe('fast')
  expect(parseModels('a b c chat').wrong).toBe('a b c chat')
  expect(parseModels('a chat\na image').wrong).toBe('a image')
})

it('values that lines cannot express are kept', () => {
  const known = [
    {
      model: 'fast',
      upstream_model: 'old',
      kinds: ['chat' as const],
      output_tokens_max: 4_096,
    },
  ]
  expect(parseModels('fast = new chat', known).models).toEqual([
    { model: 'fast', upstream_model: 'new', kinds: ['chat'], output_tokens_max: 4_096 },
  ])
})

it('empty lines and blanks are ignored', () => {
  expect(parseModels('\n  a   image \r\n\n').models).toHaveLength(1)
})

it.each([
  ['a = b chat', 'a', 'b'],
  ['a =b chat', 'a', 'b'],
  ['a= b chat', 'a', 'b'],
  ['a=b chat', 'a=b', 'a=b'],
  ['a== b chat', 'a=', 'b'],
])('in %s the name is %s, and %s upstream', (line, model, upstream) => {
  expect(parseModels(line).models).toEqual([{ model, upstream_model: upstream, kinds: ['chat'] }])
})

it('parses adversarial lines in linear time', () => {
  const long = 400_000
  for (const line of [
    `${'='.repeat(long)} x`,
    `a${' '.repeat(long)}b`,
    `a chat${', '.repeat(long)}x`,
    `a${' ='.repeat(long)} x`,
  ])
    expect(parseModels(line).models).toEqual([])
  const many = Array.from({ length: 80_000 }, (_, index) => `${index} chat`)
  expect(parseModels(many.join('\n')).models).toHaveLength(many.length)
})
