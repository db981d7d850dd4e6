import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, it } from 'vitest'

import { fallbackRateStore } from './fallback-rate-store.ts'
import { memoryRateStore } from './memory-rate-store.ts'
import { rateStoreContract } from './rate-store.contract.ts'
import type { RateStore } from './rate-store.ts'

function breakable(store: RateStore): RateStore & { broken: boolean } {
  const made = {
    ...store,
    broken: false,
    take: async (input: Parameters<RateStore['take']>[0]) => {
      if (made.broken) throw new Error('unavailable')
      return store.take(input)
    },
    shared: () => !made.broken,
  }
  return made
}

function setUp({ replicas = 4 } = {}) {
  const clock = fakeClock()
  const log = recordedLog()
  const shared = breakable(memoryRateStore({ clock }))
  return { clock, log, shared, store: fallbackRateStore({ store: shared, replicas, clock, log }) }
}

rateStoreContract(async () => {
  const { store, clock } = setUp()
  return { store, advance: clock.advance }
})

describe('while the shared store is unavailable', () => {
  const input = { key: 'key_a', limit: 100, want: 100, spendWithinMs: 500 }

  it('each edge grants its share of the limit, and logs a warning', async () => {
    const { store, shared, log } = setUp()
    shared.broken = true
    expect((await store.take(input)).granted).toBe(25)
    expect((await store.take(input)).granted).toBe(0)
    expect(store.shared()).toBe(false)
    expect(log.lines.map(({ level }) => level)).toEqual(['warn'])
  })

  it('a limit smaller than the number of edges still allows one request', async () => {
    const { store, shared } = setUp({ replicas: 50 })
    shared.broken = true
    expect((await store.take({ ...input, limit: 3 })).granted).toBe(1)
  })

  it('the shared store is tried at most once within a second', async () => {
    const { store, shared, clock, log } = setUp()
    shared.broken = true
    await store.take({ ...input, want: 1 })
    await store.take({ ...input, want: 1 })
    expect(log.lines).toHaveLength(1)
    await clock.advance(1_000)
    await store.take({ ...input, want: 1 })
    expect(log.lines).toHaveLength(2)
  })

  it('grants made during the outage still count afterwards: one edge never exceeds the limit', async () => {
    const { store, shared, clock } = setUp({ replicas: 1 })
    shared.broken = true
    expect((await store.take(input)).granted).toBe(100)
    shared.broken = false
    await clock.advance(1_000)
    expect((await store.take(input)).granted).toBe(0)
    expect(store.shared()).toBe(true)
    await clock.advance(61_000)
    expect((await store.take(input)).granted).toBe(100)
  })
})
