/**
 * Buffers settlements of daily quotas and writes them to the database in batches, off the caller's path.
 * Settlements lost in a crash stay reserved until reconciliation reads from billing what was charged.
 */
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { QuotaSettlement, QuotaStore } from '../store/quota-store.ts'

const FLUSH_MS = 25
const BATCH_MAX = 500
/** Beyond this, settlements are left to reconciliation, to bound the memory. */
const WAITING_MAX = 20_000

export interface QuotaSettlements {
  add(settlement: QuotaSettlement): void
  /** Writes pending settlements; false when nothing could be written. */
  flush(): Promise<boolean>
  waiting(): number
  /** Writes the remaining settlements. */
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
  // After a failure only the background tasks retry.
  let isPaused = false

  const flushAll = async () => {
    let isWritten = false
    while (waiting.length > 0) {
      const settlements = waiting.slice(0, BATCH_MAX)
      try {
        await quotaStore.settle({ settlements, at: clock.now() })
      } catch (err) {
        isPaused = true
        log.warn({ err, calls: waiting.length }, 'quota settlements could not be written')
        return isWritten
      }
      waiting = waiting.slice(settlements.length)
      isWritten = true
    }
    isPaused = false
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
      if (isPaused) return
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
