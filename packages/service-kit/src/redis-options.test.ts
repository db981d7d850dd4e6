import { expect, test } from 'vitest'

import { reconnectDelayMs } from './redis-options.ts'

test('reconnects are at most half a second apart, however long Redis was unavailable', () => {
  const delays = Array.from({ length: 1_000 }, (_, index) => reconnectDelayMs(index + 1))
  expect(Math.max(...delays)).toBeLessThan(500)
  expect(Math.min(...delays)).toBeGreaterThan(0)
})
