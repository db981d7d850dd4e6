import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'

import { createGateways } from './gateways.ts'

test('an unreachable gateway is tried last for a while', async () => {
  const clock = fakeClock()
  const gateways = createGateways(['http://a', 'http://b', 'http://c'], { clock })
  expect(gateways.inOrder()).toEqual(['http://a', 'http://b', 'http://c'])
  gateways.failed('http://a')
  expect(gateways.inOrder()).toEqual(['http://b', 'http://c', 'http://a'])
  await clock.advance(5_001)
  expect(gateways.inOrder()).toEqual(['http://a', 'http://b', 'http://c'])
})
