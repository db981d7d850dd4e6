import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, it } from 'vitest'

import { memoryRateStore } from './memory-rate-store.ts'
import { rateStoreContract } from './rate-store.contract.ts'

rateStoreContract(async () => {
  const clock = fakeClock()
  return { store: memoryRateStore({ clock }), advance: clock.advance }
})

it('forgets idle keys, however many there were', async () => {
  const clock = fakeClock()
  const store = memoryRateStore({ clock })
  const input = { limit: 5, want: 1, spendWithinMs: 500 }
  for (let at = 0; at < 1_000; at += 1) await store.take({ ...input, key: `key_${at}` })
  await clock.advance(120_000)
  for (let at = 0; at < 1_000; at += 1) await store.take({ ...input, key: 'key_busy' })
  expect(store.size()).toBe(1)
})
