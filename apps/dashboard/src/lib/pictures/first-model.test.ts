import { expect, it } from 'vitest'

import { firstModel } from './first-model.ts'

const models = (...names: string[]) => names.map((model) => ({ model }))

it('the default is the model that programs use by default, if it is available', () => {
  expect(firstModel(models('chatgpt-image-latest', 'gpt-image-2'))?.model).toBe('gpt-image-2')
  expect(firstModel(models('sandbox-image', 'other'))?.model).toBe('sandbox-image')
  expect(firstModel([])).toBeUndefined()
})
