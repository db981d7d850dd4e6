/**
 * What calls spent of daily quotas, on its way to the database: gathered for a moment and written in
 * batches, off every caller's path. What this process takes with it when it dies stays reserved until
 * upkeep learns from billing what was charged.
 */
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { QuotaSettlement, QuotaStore } from '../store/quota-store.ts'

const FLUSH_MS = 25
const BATCH_MAX = 500
/** Beyond this, reservations are left to upkeep: they must not eat the memory of the door. */
const WAITING_MAX = 20_000

export interface QuotaSettlements {
  add(settlement: QuotaSettlement): void
  /** Writes what waits; false when nothing could be written. */
  flush(): Promise<boolean>
  waiting(): number
  /** Writes what is left. */
  stop(): Promise<void>
}

export function quotaSettlements({
  quotaStore,
  clock,
  log,
}: {
  quotaStore: Pick<QuotaStore, 'settle'>
  clock: Clock
  log: Log
}): QuotaSettlements {
  let waiting: QuotaSettlement[] = []
  let cancelFlush: (() => void) | undefined
  let flight: Promise<boolean> | undefined
  // After a failure nobody but upkeep tries again.
  let resting = false

  const flushAll = async () => {
    let isWritten = false
    while (waiting.length > 0) {
      const settlements = waiting.slice(0, BATCH_MAX)
      try {
        await quotaStore.settle({ settlements, at: clock.now() })
      } catch (err) {
        resting = true
        log.warn({ err, calls: waiting.length }, 'what calls spent of their quotas waits')
        return isWritten
      }
      waiting = waiting.slice(settlements.length)
      isWritten = true
    }
    resting = false
    return isWritten
  }
  const flush = () => {
    cancelFlush?.()
    cancelFlush = undefined
    return (flight ??= flushAll().finally(() => (flight = undefined)))
  }

  return {
    add(settlement) {
      if (waiting.length >= WAITING_MAX) return
      waiting.push(settlement)
      if (resting) return
      if (waiting.length >= BATCH_MAX) void flush()
      else cancelFlush ??= clock.after(FLUSH_MS, () => void flush())
    },
    flush,
    waiting: () => waiting.length,
    async stop() {
      await flight
      await flush()
    },
  }
}
