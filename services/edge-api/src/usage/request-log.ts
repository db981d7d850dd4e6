import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { RequestRecord } from '../http/request.ts'
import type { RequestLogStore } from '../store/request-log-store.ts'

/** Batched, because a write per request would be the only query on the chat path. */
const FLUSH_MS = 5_000
const BATCH_MAX = 1_000
/** Beyond this, rows are dropped and counted, to bound the memory. */
const ROWS_MAX = 20_000

export interface RequestLog {
  add(record: RequestRecord): void
  dropped(): number
  /** Writes the remaining rows. */
  stop(): Promise<void>
}

/** Buffers rows of the request log and appends them in batches, off the caller's path. */
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
  // After a failure there is no retry before the next interval.
  let isPaused = false
  let flight: Promise<void> | undefined

  const flushAll = async () => {
    while (rows.length > 0) {
      const batch = rows.slice(0, BATCH_MAX)
      rows = rows.slice(BATCH_MAX)
      try {
        await store.append(batch)
      } catch (err) {
        log.warn({ err, rows: batch.length }, 'rows of the request log could not be written')
        rows = [...batch, ...rows]
        isPaused = true
        return
      }
    }
  }
  const flush = () => (flight ??= flushAll().finally(() => (flight = undefined)))
  const soon = () => {
    cancelFlush ??= clock.after(FLUSH_MS, () => {
      cancelFlush = undefined
      isPaused = false
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
      // Flushed early, because long-lived objects are expensive for the garbage collector.
      if (rows.length >= BATCH_MAX && !isPaused) void flush()
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
