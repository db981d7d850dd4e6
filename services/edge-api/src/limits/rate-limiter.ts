/**
 * Rate limits of API keys, leased from the rate store in slices, so that most requests are decided in memory.
 * A slice must be spent within SLICE_MS of its request; the rest is returned to the store. While the limit is
 * reached, the store's refusal is cached briefly, so that a flood does not query the store for every request.
 */
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { LRUCache } from 'lru-cache'

import type { Principal } from '../http/request.ts'
import type { RateStore } from '../store/rate-store.ts'
import { nextSlice } from './rate-limit.ts'

const SLICE_MS = 2_000
/** Spending deadline of a slice that only covers waiting requests. */
const AT_ONCE_MS = 500
const REFUSAL_MS_MAX = 1_000
/** Concurrent requests may spend a slice first; the refill is retried this often. */
const ROUNDS_MAX = 20
const KEYS_MAX = 50_000

interface Slice {
  limit: number
  left: number
  size: number
  bucket: number
  spendUntilMs: number
  refusedUntilMs: number
  retryAtMs: number
  waiting: number
  flight: Promise<void> | undefined
}

export interface RateLimiter {
  /** True when the slice held by this edge covers the request. False means: call `take`. */
  tryTake(principal: Principal): boolean
  /** Waits for a slice; throws `rate_limit_exceeded` when the limit is reached. */
  take(principal: Principal): Promise<void>
}

export function createRateLimiter({
  store,
  clock,
}: {
  store: RateStore
  clock: Clock
}): RateLimiter {
  const slices = new LRUCache<string, Slice>({ max: KEYS_MAX })

  const sliceOf = (key: string, limit: number): Slice => {
    const known = slices.get(key)
    if (known?.limit === limit) return known
    const slice = emptySlice(limit)
    slices.set(key, slice)
    return slice
  }

  const refill = async (key: string, slice: Slice) => {
    const startedMs = clock.monotonicMs()
    const usedUp = slice.left === 0
    if (slice.left > 0) void store.refund({ key, bucket: slice.bucket, count: slice.left })
    slice.left = 0
    const size = nextSlice({ size: slice.size, usedUp }, slice.limit)
    const want = Math.max(size, slice.waiting)
    const spendWithinMs = want > slice.waiting ? SLICE_MS : AT_ONCE_MS
    const taken = await store.take({ key, limit: slice.limit, want, spendWithinMs })
    slice.size = size
    slice.left = taken.granted
    slice.bucket = taken.bucket
    slice.spendUntilMs = startedMs + spendWithinMs
    if (taken.granted > 0) return
    const nowMs = clock.monotonicMs()
    slice.retryAtMs = nowMs + taken.retryAfterMs
    slice.refusedUntilMs = nowMs + Math.min(taken.retryAfterMs, REFUSAL_MS_MAX)
  }

  const tryTake = ({ apiKeyId, rpmLimit }: Principal) => {
    if (rpmLimit === null) return true
    const slice = slices.get(apiKeyId)
    if (!slice || slice.left === 0 || slice.limit !== rpmLimit) return false
    if (clock.monotonicMs() >= slice.spendUntilMs) return false
    slice.left -= 1
    return true
  }

  return {
    tryTake,
    async take(principal) {
      if (principal.rpmLimit === null) return
      const { apiKeyId: key, rpmLimit } = principal
      const slice = sliceOf(key, rpmLimit)
      slice.waiting += 1
      try {
        for (let round = 1; !tryTake(principal); round += 1) {
          const refused = clock.monotonicMs() < slice.refusedUntilMs
          if (refused || round > ROUNDS_MAX) throw overLimit(slice, clock)
          slice.flight ??= refill(key, slice).finally(() => (slice.flight = undefined))
          await slice.flight
        }
      } finally {
        slice.waiting -= 1
      }
    },
  }
}

function emptySlice(limit: number): Slice {
  const never = Number.NEGATIVE_INFINITY
  return {
    limit,
    left: 0,
    size: 1,
    bucket: 0,
    spendUntilMs: never,
    refusedUntilMs: never,
    retryAtMs: never,
    waiting: 0,
    flight: undefined,
  }
}

function overLimit({ limit, retryAtMs }: Slice, clock: Clock): AppError {
  const message = `This API key may make ${limit} requests a minute.`
  const retryAfterMs = Math.max(1, Math.ceil(retryAtMs - clock.monotonicMs()))
  return new AppError('rate_limit_exceeded', message, { retryAfterMs })
}
