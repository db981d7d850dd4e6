import { expect, test } from 'vitest'
import { colourOf, colourOfModel } from './colours.ts'

test('a model has the same colour on every page and beside any other models', () => {
  expect(colourOfModel('gpt-image-1')).toBe(colourOfModel('gpt-image-1'))
  expect(colourOfModel('some-new-model')).toMatch(/^series-\d+$/)
  expect(colourOfModel('constructor')).toMatch(/^series-\d+$/)
})

test('red and green are reserved for outcomes: no model gets them', () => {
  const outcomes = [colourOf('done'), colourOf('failed')]
  for (let index = 0; index < 200; index += 1) {
    expect(outcomes).not.toContain(colourOfModel(`model-${index}`))
  }
})
