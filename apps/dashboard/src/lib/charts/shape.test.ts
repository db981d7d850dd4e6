import { expect, test } from 'vitest'
import { axisSteps, sparkPoints } from './shape.ts'

test('a sparkline fills its box and starts at zero', () => {
  expect(sparkPoints([0, 5, 10])).toEqual([
    { x: 0, y: 100 },
    { x: 50, y: 50 },
    { x: 100, y: 0 },
  ])
  expect(sparkPoints([5, 10])[0]).toEqual({ x: 0, y: 50 })
})

test('all-zero values lie on the base line without a division by zero', () => {
  expect(sparkPoints([0, 0])).toEqual([
    { x: 0, y: 100 },
    { x: 100, y: 100 },
  ])
})

test('an axis ends in a round number not below the highest value', () => {
  for (const high of [0.003, 0.7, 1, 9, 42, 999, 1_234_567]) {
    const steps = axisSteps(high)
    expect(steps.at(-1)).toBeGreaterThanOrEqual(high)
    expect(steps.length).toBeLessThanOrEqual(6)
    expect(steps[0]).toBe(0)
  }
  expect(axisSteps(0)).toEqual([0, 1])
  expect(axisSteps(42)).toEqual([0, 20, 40, 60])
})
