import { expect, test } from 'vitest'

import { singleFlight } from './single-flight.ts'

test('callers of one key share one flight, and a failed flight is not remembered', async () => {
  const flights = singleFlight<number>()
  let started = 0
  const fly = () => {
    started += 1
    return started === 1 ? Promise.reject(new Error('first')) : Promise.resolve(started)
  }
  const both = await Promise.allSettled([flights.run('a', fly), flights.run('a', fly)])
  expect(both.map((one) => one.status)).toEqual(['rejected', 'rejected'])
  expect(await flights.run('a', fly)).toBe(2)
  expect(flights.size).toBe(0)
})
