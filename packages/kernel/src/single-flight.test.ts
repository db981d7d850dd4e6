import { expect, test } from 'vitest'

import { singleFlight } from './single-flight.ts'

test('concurrent calls with one key share one promise, and a failure is not cached', async () => {
  const flights = singleFlight<number>()
  let started = 0
  const start = () => {
    started += 1
    return started === 1 ? Promise.reject(new Error('first')) : Promise.resolve(started)
  }
  const both = await Promise.allSettled([flights.run('a', start), flights.run('a', start)])
  expect(both.map((one) => one.status)).toEqual(['rejected', 'rejected'])
  expect(await flights.run('a', start)).toBe(2)
  expect(flights.size).toBe(0)
})
