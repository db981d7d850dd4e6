import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { seededRandom } from '@sluice/kernel/random'
import { describe, expect, it } from 'vitest'

import type { Principal } from '../http/request.ts'
import { memoryRateStore } from '../store/memory-rate-store.ts'
import type { RateStore } from '../store/rate-store.ts'
import { samplePrincipal } from '../testing/sample-user.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { createRateLimiter } from './rate-limiter.ts'

const principal = (rpmLimit: number | null) => samplePrincipal({ rpmLimit })

function counted(store: RateStore): RateStore & { takes: number } {
  const made = {
    ...store,
    takes: 0,
    take: (input: Parameters<RateStore['take']>[0]) => {
      made.takes += 1
      return store.take(input)
    },
  }
  return made
}

function rig({ edges = 1 } = {}) {
  const clock = fakeClock()
  const store = counted(memoryRateStore({ clock }))
  const limiters = Array.from({ length: edges }, () => createRateLimiter({ store, clock }))
  return { clock, store, limiters }
}

async function passes(limiter: RateLimiter | undefined, caller: Principal): Promise<boolean> {
  if (!limiter) return false
  if (limiter.tryTake(caller)) return true
  return limiter.take(caller).then(
    () => true,
    () => false,
  )
}

describe('a limit', () => {
  it('holds exactly for 200 concurrent callers at 4 edges, and in any minute after', async () => {
    const { clock, limiters } = rig({ edges: 4 })
    const caller = principal(100)
    const random = seededRandom(7)
    const passedAt: number[] = []
    let passedAtOnce: number | undefined
    for (let round = 0; round < 200; round += 1) {
      const tries = Array.from({ length: 200 }, (_, at) => passes(limiters[at % 4], caller))
      for (const passed of await Promise.all(tries)) if (passed) passedAt.push(clock.nowMs())
      passedAtOnce ??= passedAt.length
      await clock.advance(random.integer(2_500))
    }
    expect(passedAtOnce).toBe(100)
    expect(mostInAMinute(passedAt)).toBeLessThanOrEqual(100)
    expect(passedAt.length).toBeGreaterThan(300)
  })

  it('holds in any minute for a large limit leased in slices by several edges', async () => {
    const { clock, limiters, store } = rig({ edges: 3 })
    const caller = principal(3_000)
    const random = seededRandom(11)
    const passedAt: number[] = []
    for (let step = 0; step < 900; step += 1) {
      for (let tries = random.integer(120); tries > 0; tries -= 1) {
        if (await passes(limiters[random.integer(3)], caller)) passedAt.push(clock.nowMs())
      }
      await clock.advance(random.integer(400))
    }
    expect(mostInAMinute(passedAt)).toBeLessThanOrEqual(3_000)
    expect(passedAt.length).toBeGreaterThan(6_000)
    expect(store.takes).toBeLessThan(passedAt.length / 5)
  })

  it('returns the time to retry after, and does not query the store for each refused request', async () => {
    const { limiters, store } = rig()
    const caller = principal(2)
    await passes(limiters[0], caller)
    await passes(limiters[0], caller)
    const refused = limiters[0]?.take(caller)
    await expect(refused).rejects.toMatchObject({ code: 'rate_limit_exceeded' })
    await expect(refused).rejects.toMatchObject({ retryAfterMs: expect.any(Number) })
    const takes = store.takes
    for (let tries = 0; tries < 1_000; tries += 1) await passes(limiters[0], caller)
    expect(store.takes).toBe(takes)
  })

  it('applies a raised limit at once', async () => {
    const { limiters } = rig()
    await passes(limiters[0], principal(1))
    expect(await passes(limiters[0], principal(1))).toBe(false)
    expect(await passes(limiters[0], principal(2))).toBe(true)
  })
})

describe('a key without a limit', () => {
  it('never queries the store', async () => {
    const { limiters, store } = rig()
    expect(limiters[0]?.tryTake(principal(null))).toBe(true)
    await limiters[0]?.take(principal(null))
    expect(store.takes).toBe(0)
  })
})

describe('a busy key', () => {
  it('decides most requests in memory', async () => {
    const { clock, limiters, store } = rig()
    await spendSteadily(clock, limiters[0])
    expect(store.takes).toBeLessThan(150)
  })
})

async function spendSteadily(clock: FakeClock, limiter: RateLimiter | undefined): Promise<void> {
  const caller = principal(60_000)
  for (let step = 0; step < 5_000; step += 1) {
    expect(await passes(limiter, caller)).toBe(true)
    if (step % 10 === 0) await clock.advance(10)
  }
}

function mostInAMinute(times: number[]): number {
  let most = 0
  let start = 0
  for (const [end, time] of times.entries()) {
    while ((times[start] ?? 0) <= time - 60_000) start += 1
    most = Math.max(most, end - start + 1)
  }
  return most
}
