import { expect, test } from 'vitest'

import { reconnectDelayMs } from './redis-options.ts'

test('however long Redis was away, the next try comes within half a second', () => {
  const delays = Array.from({ length: 1_000 }, (_, index) => reconnectDelayMs(index + 1))
  expect(Math.max(...delays)).toBeLessThan(500)
  expect(Math.min(...delays)).toBeGreaterThan(0)
})
