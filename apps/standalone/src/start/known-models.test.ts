import { expect, test } from 'vitest'

import { routableModels } from './known-models.ts'

test('model names are classified as image or chat, and all others are omitted', () => {
  const routed = routableModels([
    'gpt-image-2',
    'gpt-4o',
    'text-embedding-3-large',
    'whisper-1',
    'o5',
  ])
  expect(routed.map(({ model, kinds }) => [model, kinds[0]])).toEqual([
    ['gpt-image-2', 'image'],
    ['gpt-4o', 'chat'],
    ['o5', 'chat'],
  ])
})
