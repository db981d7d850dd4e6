import type { Clock } from '@sluice/kernel/clock'

import type { Grants } from '../limits/rate-limit.ts'
import { counts, decideTake } from '../limits/rate-limit.ts'
import type { RateStore } from './rate-store.ts'

// A requested key moves to the end, so that the first keys are the longest idle ones.
const SWEEP_PER_TAKE = 2

/** Limits of one process: for embedded mode, tests, and as the fallback while Redis is unavailable. */
export function memoryRateStore({ clock }: { clock: Clock }): RateStore & { size(): number } {
  const keys = new Map<string, Grants>()

  const sweep = (nowMs: number) => {
    let swept = 0
    for (const [key, grants] of keys) {
      if (swept === SWEEP_PER_TAKE) return
      swept += 1
      if ([...grants.keys()].every((bucket) => !counts(bucket, nowMs))) keys.delete(key)
    }
  }

  return {
    async take({ key, ...input }) {
      const nowMs = clock.nowMs()
      sweep(nowMs)
      const grants = keys.get(key) ?? new Map<number, number>()
      for (const bucket of grants.keys()) if (!counts(bucket, nowMs)) grants.delete(bucket)
      const decision = decideTake(grants, { ...input, nowMs })
      const { granted, bucket } = decision
      if (granted > 0) grants.set(bucket, (grants.get(bucket) ?? 0) + granted)
      keys.delete(key)
      keys.set(key, grants)
      return decision
    },
    async refund({ key, bucket, count }) {
      const grants = keys.get(key)
      const granted = grants?.get(bucket)
      if (grants && granted !== undefined) grants.set(bucket, Math.max(0, granted - count))
    },
    shared: () => true,
    size: () => keys.size,
  }
}
