import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import { memoryRateStore } from './memory-rate-store.ts'
import type { RateStore, TakeInput } from './rate-store.ts'

/** After a failure the shared store is not tried for this long, so that requests do not wait for it again. */
const RETRY_AFTER_MS = 1_000

/**
 * Combines the shared store with a count in this process. While the shared store is unavailable, each edge
 * grants its share of every limit. Those grants still count afterwards, so that one edge never exceeds the
 * limit in any 60 seconds, however often the shared store fails and recovers.
 */
export function fallbackRateStore({
  store,
  replicas,
  clock,
  log,
}: {
  store: RateStore
  /** How many edges share a limit. */
  replicas: number
  clock: Clock
  log: Log
}): RateStore {
  const own = memoryRateStore({ clock })
  let retryAtMs = Number.NEGATIVE_INFINITY

  const takeShared = async (input: TakeInput) => {
    if (clock.monotonicMs() < retryAtMs) return undefined
    try {
      return await store.take(input)
    } catch (err) {
      retryAtMs = clock.monotonicMs() + RETRY_AFTER_MS
      log.warn({ err }, 'rate limits are not shared: this process grants its share of them')
      return undefined
    }
  }

  return {
    async take(input) {
      const taken = await takeShared(input)
      const share = Math.max(1, Math.floor(input.limit / replicas))
      if (!taken) return own.take({ ...input, limit: share })
      if (taken.granted === 0) return taken
      const counted = await own.take({ ...input, want: taken.granted })
      const over = taken.granted - counted.granted
      if (over > 0) {
        void store.refund({ key: input.key, bucket: taken.bucket, count: over })
      }
      return { ...counted, bucket: taken.bucket }
    },
    async refund(input) {
      await own.refund(input)
      if (clock.monotonicMs() >= retryAtMs) await store.refund(input)
    },
    shared: () => store.shared() && clock.monotonicMs() >= retryAtMs,
  }
}
