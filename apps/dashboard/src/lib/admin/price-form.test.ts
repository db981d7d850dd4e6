import { expect, it } from 'vitest'

import { cheapestMicro, formatSteps, parseSteps } from './price-form.ts'

const steps = [
  { quality: 'low' as const, pixels_max: 1024 * 1024, micro_per_image: '10000' },
  { quality: 'high' as const, pixels_max: 1536 * 1024, micro_per_image: '160000' },
]

it('a formatted price is parsed back unchanged', () => {
  expect(formatSteps(steps)).toBe('low 1024x1024 0.01\nhigh 1536x1024 0.16')
  expect(parseSteps(formatSteps(steps))).toEqual({ steps, wrong: undefined })
  const odd = [{ quality: 'max' as const, pixels_max: 7, micro_per_image: '1' }]
  expect(parseSteps(formatSteps(odd)).steps).toEqual(odd)
})

it.each(['low 1024 0.01', 'best 1024x1024 0.01', 'low 1024x1024 free', 'low 0x1 1', 'low 1x1 -1'])(
  'the line "%s" is none',
  (line) => {
    expect(parseSteps(`high 1024x1024 1\n${line}`).wrong).toBe(line)
  },
)

it('the cheapest picture is the minimum of all steps', () => {
  expect(cheapestMicro(steps)).toBe(10_000n)
})
