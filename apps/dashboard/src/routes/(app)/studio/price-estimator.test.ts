import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, it } from 'vitest'

import { createPriceEstimator } from './price-estimator.ts'
import type { Price, PriceQuestion, PriceState } from './price-estimator.ts'

const question = (n: number): PriceQuestion => ({ model: 'm', n, size: 'auto', quality: 'auto' })
const price = (amount: string): Price => ({ amount_micro: amount, affordable: true })

function stand() {
  const clock = fakeClock()
  const states: PriceState[] = []
  const asked: { n: number; signal: AbortSignal; answer: PromiseWithResolvers<Price> }[] = []
  const teller = createPriceEstimator({
    clock,
    onState: (state) => states.push(state),
    estimate: ({ n }, signal) => {
      const answer = Promise.withResolvers<Price>()
      asked.push({ n, signal, answer })
      return answer.promise
    },
  })
  return { clock, states, asked, teller }
}

it('asks once for a row of quick changes, and for the last of them', async () => {
  const { clock, asked, teller } = stand()
  for (const n of [1, 2, 3]) {
    teller.ask(question(n))
    await clock.advance(100)
  }
  await clock.advance(100)
  expect(asked.map(({ n }) => n)).toEqual([3])
})

it('never shows the price of an older question, though its answer comes last', async () => {
  const { clock, asked, states, teller } = stand()
  teller.ask(question(1))
  await clock.advance(200)
  teller.ask(question(2))
  await clock.advance(200)
  asked[1]?.answer.resolve(price('2'))
  await clock.advance(0)
  asked[0]?.answer.resolve(price('1'))
  await clock.advance(0)
  expect(asked[0]?.signal.aborted).toBe(true)
  expect(states.at(-1)).toEqual({ name: 'told', price: price('2') })
})

it('keeps the figure while the next one is asked, and says when there is none', async () => {
  const { clock, asked, states, teller } = stand()
  teller.ask(question(1))
  await clock.advance(200)
  asked[0]?.answer.resolve(price('1'))
  await clock.advance(0)
  teller.ask(question(2))
  expect(states.at(-1)).toEqual({ name: 'asked', before: price('1') })
  await clock.advance(200)
  const error = new Error('away')
  asked[1]?.answer.reject(error)
  await clock.advance(0)
  expect(states.at(-1)).toEqual({ name: 'failed', error })
})

it('says nothing more once it is stopped', async () => {
  const { clock, asked, states, teller } = stand()
  teller.ask(question(1))
  await clock.advance(200)
  teller.stop()
  asked[0]?.answer.resolve(price('1'))
  await clock.advance(1_000)
  expect(states).toEqual([{ name: 'asked', before: undefined }])
})
