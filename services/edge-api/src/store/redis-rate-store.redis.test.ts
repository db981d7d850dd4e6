import { systemClock as clock } from '@sluice/kernel/clock'
import { seededRandom } from '@sluice/kernel/random'
import { serverUrl } from '@sluice/testkit/server-urls'
import { Redis } from 'ioredis'
import { afterAll, beforeEach, expect, it } from 'vitest'

import type { Grants } from '../limits/rate-limit.ts'
import { decideTake } from '../limits/rate-limit.ts'
import { rateStoreContract } from './rate-store.contract.ts'
import { redisRateStore } from './redis-rate-store.ts'

const redis = new Redis(serverUrl('redis'), { db: 5, lazyConnect: true })
afterAll(() => redis.quit())
beforeEach(() => redis.flushdb())

rateStoreContract(async () => ({ store: redisRateStore({ redis, clock }) }))

it('edges that share a Redis share every limit', async () => {
  const others = [1, 2, 3].map(() => redis.duplicate())
  const stores = [redis, ...others].map((one) => redisRateStore({ redis: one, clock }))
  const calls = Array.from({ length: 400 }, (_, at) =>
    stores[at % stores.length]?.take({ key: 'key_a', limit: 100, want: 1, spendWithinMs: 500 }),
  )
  const granted = (await Promise.all(calls)).reduce((sum, one) => sum + (one?.granted ?? 0), 0)
  expect(granted).toBe(100)
  await Promise.all(others.map((one) => one.quit()))
})

it('decides like the pure rule, for any earlier grants', async () => {
  const store = redisRateStore({ redis, clock })
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = seededRandom(seed)
    const key = `key_${seed}`
    const grants: Grants = new Map()
    const [seconds = 0] = await redis.time()
    for (let count = random.integer(12); count > 0; count -= 1) {
      grants.set(Number(seconds) - random.integer(75), 1 + random.integer(9))
    }
    for (const [bucket, count] of grants) await redis.hset(`sluice:rate:${key}`, bucket, count)
    const input = {
      limit: 1 + random.integer(40),
      want: 1 + random.integer(10),
      spendWithinMs: 500,
    }
    const before = await timeMs()
    const taken = await store.take({ key, ...input })
    const after = await timeMs()
    // Redis decided at some moment between `before` and `after`.
    const early = decideTake(grants, { ...input, nowMs: before })
    const late = decideTake(grants, { ...input, nowMs: after })
    expect([early.granted, late.granted], `seed ${seed}`).toContain(taken.granted)
    expect([early.bucket, late.bucket], `seed ${seed}`).toContain(taken.bucket)
    expect(taken.retryAfterMs, `seed ${seed}`).toBeLessThanOrEqual(early.retryAfterMs)
    expect(taken.retryAfterMs, `seed ${seed}`).toBeGreaterThanOrEqual(late.retryAfterMs)
  }
})

async function timeMs(): Promise<number> {
  const [seconds = 0, micros = 0] = await redis.time()
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
}

it('sets a TTL on the counter of a key', async () => {
  const store = redisRateStore({ redis, clock })
  await store.take({ key: 'key_a', limit: 100, want: 1, spendWithinMs: 2_000 })
  const ttlMs = await redis.pttl('sluice:rate:key_a')
  expect(ttlMs).toBeGreaterThan(62_000)
  expect(ttlMs).toBeLessThanOrEqual(64_000)
})

it('throws unavailable within the timeout when Redis is unavailable', async () => {
  const unreachable = new Redis({
    port: 1,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: null,
  })
  unreachable.on('error', () => undefined)
  const store = redisRateStore({ redis: unreachable, clock })
  const input = { key: 'key_a', limit: 100, want: 1, spendWithinMs: 500 }
  await expect(store.take(input)).rejects.toMatchObject({ code: 'unavailable' })
  await expect(store.refund({ key: 'key_a', bucket: 1, count: 1 })).resolves.toBeUndefined()
  expect(store.shared()).toBe(false)
  unreachable.disconnect()
})
