import { expect, it } from 'vitest'

import type { Action } from './simulate.ts'
import { simulate } from './simulate.ts'

interface Counter {
  value: number
}

const actions: Action<Counter>[] = [
  { name: 'add', weight: 3, run: (state, random) => (state.value += random.integer(10)) },
  { name: 'double', run: (state) => void (state.value *= 2) },
  {
    name: 'refuse',
    weight: 0.1,
    run: () => {
      throw new Error('refused')
    },
  },
]
const simulateCounter = (seed: number, steps = 500) =>
  simulate({
    seed,
    steps,
    createState: (): Counter => ({ value: 0 }),
    actions,
    check: ({ value }) => {
      if (value > 10_000) throw new Error(`${value} is too much`)
    },
  })
const failureOf = (seed: number) => simulateCounter(seed).catch((error: Error) => error.message)

it('replays the same run for the same seed, and a different one for another seed', async () => {
  const first = await failureOf(7)
  expect(await failureOf(7)).toBe(first)
  expect(await failureOf(8)).not.toBe(first)
})

it('reports the seed, the step, the failure and the trace', async () => {
  const message = await failureOf(7)
  expect(message).toMatch(/^seed 7 failed at step \d+: (\d+ is too much|refused)\n/)
  expect(message).toMatch(/\n\d+ (add → \d+|double)\n/)
})

it('sets the error of an action or a check as its cause', async () => {
  const error = await simulateCounter(7).catch((failure: Error) => failure)
  expect(error).toMatchObject({ cause: { message: expect.stringMatching(/too much|refused/) } })
})

it('resolves to the final state when nothing failed', async () => {
  expect(await simulateCounter(1, 3)).toEqual({ value: expect.any(Number) })
})
