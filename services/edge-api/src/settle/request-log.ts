import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { RequestRecord } from '../request.ts'
import type { RequestLogStore } from '../store/request-log-store.ts'

/** People read it; a write for every request would be the door's only one. */
const FLUSH_MS = 5_000
const BATCH_MAX = 1_000
/** Beyond this, rows are dropped and counted: the log must not eat the memory of the door. */
const ROWS_MAX = 20_000

export interface RequestLog {
  add(record: RequestRecord): void
  dropped(): number
  /** Writes what is left. */
  stop(): Promise<void>
}

/** Gathers rows of the request log and appends them in batches, off every caller's path. */
export function requestLog({
  store,
  clock,
  log,
}: {
  store: Pick<RequestLogStore, 'append'>
  clock: Clock
  log: Log
}): RequestLog {
  let rows: RequestRecord[] = []
  let dropped = 0
  let cancelFlush: (() => void) | undefined
  // After a failure nobody asks again before the next time.
  let resting = false
  let flight: Promise<void> | undefined

  const flushAll = async () => {
    while (rows.length > 0) {
      const batch = rows.slice(0, BATCH_MAX)
      rows = rows.slice(BATCH_MAX)
      try {
        await store.append(batch)
      } catch (err) {
        log.warn({ err, rows: batch.length }, 'rows of the request log wait')
        rows = [...batch, ...rows]
        resting = true
        return
      }
    }
  }
  const flush = () => (flight ??= flushAll().finally(() => (flight = undefined)))
  const soon = () => {
    cancelFlush ??= clock.after(FLUSH_MS, () => {
      cancelFlush = undefined
      resting = false
      void flush().then(() => {
        if (rows.length > 0) soon()
        return undefined
      })
    })
  }

  return {
    add(record) {
      if (rows.length >= ROWS_MAX) {
        dropped += 1
        return
      }
      rows.push(record)
      // Before they pile up: what lives long is dear to the garbage collector.
      if (rows.length >= BATCH_MAX && !resting) void flush()
      else soon()
    },
    dropped: () => dropped,
    async stop() {
      cancelFlush?.()
      await flight
      await flush()
      dropped += rows.length
    },
  }
}
