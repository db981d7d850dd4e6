import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import { memoryRateStore } from './memory-rate-store.ts'
import type { RateStore, TakeInput } from './rate-store.ts'

/** After a failure the shared store is left alone for so long, so that no request waits for it twice. */
const REST_MS = 1_000

/**
 * The shared store, and this process's own count behind it. While the shared one is away, each edge
 * grants its part of every limit; what it granted then still counts afterwards, so that no 60 seconds of
 * one edge exceed the limit however often the shared store comes and goes.
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
  let restUntilMs = Number.NEGATIVE_INFINITY

  const takeShared = async (input: TakeInput) => {
    if (clock.monotonicMs() < restUntilMs) return undefined
    try {
      return await store.take(input)
    } catch (err) {
      restUntilMs = clock.monotonicMs() + REST_MS
      log.warn({ err }, 'rate limits are not shared: this process grants its part of them')
      return undefined
    }
  }

  return {
    async take(input) {
      const taken = await takeShared(input)
      const part = Math.max(1, Math.floor(input.limit / replicas))
      if (!taken) return own.take({ ...input, limit: part })
      if (taken.granted === 0) return taken
      const counted = await own.take({ ...input, want: taken.granted })
      const over = taken.granted - counted.granted
      if (over > 0) {
        void store.giveBack({ key: input.key, bucket: taken.bucket, count: over })
      }
      return { ...counted, bucket: taken.bucket }
    },
    async giveBack(input) {
      await own.giveBack(input)
      if (clock.monotonicMs() >= restUntilMs) await store.giveBack(input)
    },
    shared: () => store.shared() && clock.monotonicMs() >= restUntilMs,
  }
}
