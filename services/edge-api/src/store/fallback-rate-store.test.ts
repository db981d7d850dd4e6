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
      if (made.broken) throw new Error('away')
      return store.take(input)
    },
    shared: () => !made.broken,
  }
  return made
}

function rig({ replicas = 4 } = {}) {
  const clock = fakeClock()
  const log = recordedLog()
  const shared = breakable(memoryRateStore({ clock }))
  return { clock, log, shared, store: fallbackRateStore({ store: shared, replicas, clock, log }) }
}

rateStoreContract(async () => {
  const { store, clock } = rig()
  return { store, advance: clock.advance }
})

describe('while the shared store is away', () => {
  const ask = { key: 'key_a', limit: 100, want: 100, spendWithinMs: 500 }

  it('each edge grants its part of the limit, and says so', async () => {
    const { store, shared, log } = rig()
    shared.broken = true
    expect((await store.take(ask)).granted).toBe(25)
    expect((await store.take(ask)).granted).toBe(0)
    expect(store.shared()).toBe(false)
    expect(log.lines.map(({ level }) => level)).toEqual(['warn'])
  })

  it('a limit smaller than the number of edges still lets one request through', async () => {
    const { store, shared } = rig({ replicas: 50 })
    shared.broken = true
    expect((await store.take({ ...ask, limit: 3 })).granted).toBe(1)
  })

  it('no request waits for it twice within a second', async () => {
    const { store, shared, clock, log } = rig()
    shared.broken = true
    await store.take({ ...ask, want: 1 })
    await store.take({ ...ask, want: 1 })
    expect(log.lines).toHaveLength(1)
    await clock.advance(1_000)
    await store.take({ ...ask, want: 1 })
    expect(log.lines).toHaveLength(2)
  })

  it('what was granted then counts afterwards: one edge never exceeds the limit', async () => {
    const { store, shared, clock } = rig({ replicas: 1 })
    shared.broken = true
    expect((await store.take(ask)).granted).toBe(100)
    shared.broken = false
    await clock.advance(1_000)
    expect((await store.take(ask)).granted).toBe(0)
    expect(store.shared()).toBe(true)
    await clock.advance(61_000)
    expect((await store.take(ask)).granted).toBe(100)
  })
})
