import { seededRandom } from '@sluice/kernel/random'
import { describe, expect, it } from 'vitest'

import type { RateStore } from './rate-store.ts'

const WINDOW_MS = 60_000

/** A store whose clock the suite can advance. A real store has its own clock, which cannot be advanced. */
export interface RateStoreUnderTest {
  store: RateStore
  /** Advances the clock; undefined when it cannot be advanced. */
  advance?: (ms: number) => Promise<void>
}

/** The contract of every rate store. */
export function rateStoreContract(make: () => Promise<RateStoreUnderTest>): void {
  const take = (store: RateStore, input: Partial<Parameters<RateStore['take']>[0]>) =>
    store.take({ key: 'key_a', limit: 10, want: 1, spendWithinMs: 500, ...input })

  describe('a rate store', () => {
    it('grants up to the limit and no more, then returns when to retry', async () => {
      const { store } = await make()
      for (let round = 0; round < 10; round += 1) {
        expect((await take(store, {})).granted).toBe(1)
      }
      const refused = await take(store, {})
      expect(refused.granted).toBe(0)
      expect(refused.retryAfterMs).toBeGreaterThan(55_000)
      expect(refused.retryAfterMs).toBeLessThanOrEqual(WINDOW_MS + 2_000)
    })

    it('grants a part when the whole no longer fits', async () => {
      const { store } = await make()
      expect((await take(store, { want: 7 })).granted).toBe(7)
      expect((await take(store, { want: 7 })).granted).toBe(3)
      expect((await take(store, { want: 7 })).granted).toBe(0)
    })

    it('never grants more than the limit under concurrency', async () => {
      const { store } = await make()
      const calls = Array.from({ length: 200 }, (_, at) =>
        take(store, { want: 1 + (at % 3), limit: 100 }),
      )
      const granted = (await Promise.all(calls)).reduce((sum, one) => sum + one.granted, 0)
      expect(granted).toBe(100)
    })

    it('counts each key separately', async () => {
      const { store } = await make()
      await take(store, { want: 10 })
      expect((await take(store, { key: 'key_b', want: 10 })).granted).toBe(10)
    })

    it('grants refunded requests again, once', async () => {
      const { store } = await make()
      const { bucket } = await take(store, { want: 10 })
      await store.refund({ key: 'key_a', bucket, count: 4 })
      expect((await take(store, { want: 10 })).granted).toBe(4)
      await store.refund({ key: 'key_a', bucket: bucket - 1_000, count: 4 })
      await store.refund({ key: 'key_unknown', bucket, count: 4 })
      expect((await take(store, { want: 10 })).granted).toBe(0)
    })

    it('applies a lowered limit at once', async () => {
      const { store } = await make()
      await take(store, { want: 8 })
      const refused = await take(store, { limit: 5 })
      expect(refused).toMatchObject({ granted: 0 })
      expect(refused.retryAfterMs).toBeGreaterThan(0)
    })

    it('never lets more than the limit be spent in any 60 s, whenever slices are spent', async () => {
      const { store, advance } = await make()
      const worst = advance ? await simulateSpending({ store, advance }) : []
      for (const { seed, limit, most, passed } of worst) {
        expect(most, `seed ${seed}`).toBeLessThanOrEqual(limit)
        expect(passed, `seed ${seed} must grant something`).toBeGreaterThan(limit * 5)
      }
    })
  })
}

/** Simulates many edges that spend their slices at the worst moments; then counts every window. */
async function simulateSpending({
  store,
  advance,
}: {
  store: RateStore
  advance: (ms: number) => Promise<void>
}): Promise<{ seed: number; limit: number; most: number; passed: number }[]> {
  const worst = []
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = seededRandom(seed)
    const key = `key_${seed}`
    const limit = 5 + random.integer(40)
    const spentAt: number[] = []
    let nowMs = 0
    let slices: { left: number; untilMs: number; bucket: number }[] = []
    for (let step = 0; step < 2_000; step += 1) {
      const spendWithinMs = random.integer(2) * 1_500 + 500
      if (random.next() < 0.4) {
        const taken = await store.take({ key, limit, want: 1 + random.integer(6), spendWithinMs })
        const { granted: left, bucket } = taken
        if (left > 0) slices.push({ left, untilMs: nowMs + spendWithinMs, bucket })
      }
      for (const slice of slices) {
        const spent = random.integer(slice.left + 1)
        slice.left -= spent
        for (let one = 0; one < spent; one += 1) spentAt.push(nowMs)
      }
      const forwardMs = random.next() < 0.02 ? random.integer(70_000) : random.integer(400)
      // The last moment of a slice is the worst one: spend or refund the rest there.
      for (const slice of slices) {
        if (slice.untilMs > nowMs + forwardMs) continue
        if (random.next() < 0.5)
          await store.refund({ key, bucket: slice.bucket, count: slice.left })
        else for (let one = 0; one < slice.left; one += 1) spentAt.push(slice.untilMs - 1)
        slice.left = 0
      }
      slices = slices.filter(({ left }) => left > 0)
      await advance(forwardMs)
      nowMs += forwardMs
    }
    worst.push({ seed, limit, most: mostInAnyWindow(spentAt), passed: spentAt.length })
  }
  return worst
}

function mostInAnyWindow(times: number[]): number {
  const sorted = [...times].sort((a, b) => a - b)
  let most = 0
  let start = 0
  for (const [end, time] of sorted.entries()) {
    while ((sorted[start] ?? 0) <= time - WINDOW_MS) start += 1
    most = Math.max(most, end - start + 1)
  }
  return most
}
