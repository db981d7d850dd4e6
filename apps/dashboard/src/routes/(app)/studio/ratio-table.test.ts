import { describe, expect, it } from 'vitest'

import { ratioNameOf, ratioOfSize, ratiosOf } from './ratio-table.ts'

const three = { sizes: ['1024x1024', '1536x1024', '1024x1536'], any_size: false }

describe('ratiosOf', () => {
  it("has the ratios of the model's sizes, square first and tall last", () => {
    expect(ratiosOf(three)).toEqual([
      { name: '1:1', sizes: ['1024x1024'] },
      { name: '3:2', sizes: ['1536x1024'] },
      { name: '2:3', sizes: ['1024x1536'] },
    ])
  })

  it('groups sizes of one ratio, the smallest first, each once', () => {
    const sizes = ['2048x2048', '1024x1024', '1024x1024', 'auto']
    expect(ratiosOf({ sizes, any_size: false })).toEqual([
      { name: '1:1', sizes: ['1024x1024', '2048x2048'] },
    ])
  })

  it('offers for a model with free sizes only sizes that the gateway accepts', () => {
    const ratios = ratiosOf({ sizes: [], any_size: true })
    expect(ratios.map(({ name }) => name)).toEqual([
      '1:1',
      '4:3',
      '3:2',
      '16:9',
      '3:4',
      '2:3',
      '9:16',
    ])
    for (const size of ratios.flatMap(({ sizes }) => sizes)) {
      const [width = 0, height = 0] = size.split('x').map(Number)
      expect([width % 16, height % 16]).toEqual([0, 0])
      expect(width * height).toBeLessThanOrEqual(3_840 * 2_160)
    }
  })

  it('adds a common ratio only if the model lists no size of it', () => {
    const ratios = ratiosOf({ sizes: ['2048x1152'], any_size: true })
    expect(ratioOfSize(ratios, '2048x1152')?.sizes).toEqual(['2048x1152'])
  })

  it('has only auto for a model without sizes', () => {
    expect(ratiosOf({ sizes: [], any_size: false })).toEqual([])
  })
})

describe('ratioNameOf', () => {
  it.each([
    [1920, 1080, '16:9'],
    [1080, 1920, '9:16'],
    [1360, 1024, '4:3'],
    [1792, 1024, '7:4'],
    [1024, 1792, '4:7'],
  ])('names %i by %i as %s', (width, height, name) => {
    expect(ratioNameOf({ width, height })).toBe(name)
  })
})

it('finds the ratio of a size, and none for auto', () => {
  const ratios = ratiosOf(three)
  expect(ratioOfSize(ratios, '1024x1536')?.name).toBe('2:3')
  expect(ratioOfSize(ratios, 'auto')).toBeUndefined()
})
