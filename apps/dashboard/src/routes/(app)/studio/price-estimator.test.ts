import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, it } from 'vitest'

import { createPriceEstimator } from './price-estimator.ts'
import type { Price, PriceQuery, PriceState } from './price-estimator.ts'

const query = (n: number): PriceQuery => ({ model: 'm', n, size: 'auto', quality: 'auto' })
const price = (amount: string): Price => ({ amount_micro: amount, affordable: true })

function setUp() {
  const clock = fakeClock()
  const states: PriceState[] = []
  const requests: { n: number; signal: AbortSignal; answer: PromiseWithResolvers<Price> }[] = []
  const estimator = createPriceEstimator({
    clock,
    onState: (state) => states.push(state),
    estimate: ({ n }, signal) => {
      const answer = Promise.withResolvers<Price>()
      requests.push({ n, signal, answer })
      return answer.promise
    },
  })
  return { clock, states, requests, estimator }
}

it('sends one request for a series of quick changes, with the last values', async () => {
  const { clock, requests, estimator } = setUp()
  for (const n of [1, 2, 3]) {
    estimator.request(query(n))
    await clock.advance(100)
  }
  await clock.advance(100)
  expect(requests.map(({ n }) => n)).toEqual([3])
})

it('ignores the response of an older request that arrives last', async () => {
  const { clock, requests, states, estimator } = setUp()
  estimator.request(query(1))
  await clock.advance(200)
  estimator.request(query(2))
  await clock.advance(200)
  requests[1]?.answer.resolve(price('2'))
  await clock.advance(0)
  requests[0]?.answer.resolve(price('1'))
  await clock.advance(0)
  expect(requests[0]?.signal.aborted).toBe(true)
  expect(states.at(-1)).toEqual({ name: 'loaded', price: price('2') })
})

it('keeps the previous price while loading, and reports a failure', async () => {
  const { clock, requests, states, estimator } = setUp()
  estimator.request(query(1))
  await clock.advance(200)
  requests[0]?.answer.resolve(price('1'))
  await clock.advance(0)
  estimator.request(query(2))
  expect(states.at(-1)).toEqual({ name: 'loading', before: price('1') })
  await clock.advance(200)
  const error = new Error('unavailable')
  requests[1]?.answer.reject(error)
  await clock.advance(0)
  expect(states.at(-1)).toEqual({ name: 'failed', error })
})

it('reports nothing after stop', async () => {
  const { clock, requests, states, estimator } = setUp()
  estimator.request(query(1))
  await clock.advance(200)
  estimator.stop()
  requests[0]?.answer.resolve(price('1'))
  await clock.advance(1_000)
  expect(states).toEqual([{ name: 'loading', before: undefined }])
})
