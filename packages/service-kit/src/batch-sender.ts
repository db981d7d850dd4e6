/**
 * A bounded queue that sends its items in batches, off the path of the caller that adds them. While the
 * receiver is unavailable the items wait in memory and are sent again; beyond the bound they are dropped and
 * counted. What waits when the process dies is lost, so the receiver must not depend on it.
 */
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

export interface BatchSettings {
  /** In log lines. */
  name: string
  batchMax: number
  waitingMax: number
  /** The longest wait of an item for others of its batch; a full batch is sent at once. */
  waitMs: number
  /** The pause after a failure; `waitMs` by default. */
  retryMs?: number
  /** Which item is dropped when `waitingMax` is reached; that which is added, by default. */
  drops?: 'newest' | 'oldest'
}

export interface BatchSender<Item> {
  add(item: Item): void
  /** Sends what waits, even during the pause after a failure. False when nothing was sent. Never rejects. */
  flush(): Promise<boolean>
  /** Items that are not sent yet, those on their way included. */
  waiting(): number
  dropped(): number
  /** Sends what waits, once; the rest is dropped. */
  stop(): Promise<void>
}

export function createBatchSender<Item>({
  name,
  batchMax,
  waitingMax,
  waitMs,
  retryMs = waitMs,
  drops = 'newest',
  send,
  clock,
  log,
}: BatchSettings & {
  /** A batch whose send rejects is sent again, so the receiver must tolerate repeats. */
  send: (items: Item[]) => Promise<unknown>
  clock: Clock
  log: Log
}): BatchSender<Item> {
  let waiting: Item[] = []
  let sending: Item[] = []
  let dropped = 0
  let isFailing = false
  let isFull = false
  let cancelTimer: (() => void) | undefined
  let flight: Promise<boolean> | undefined
  const size = () => sending.length + waiting.length

  const sendBatch = async (): Promise<boolean> => {
    sending = waiting.slice(0, batchMax)
    waiting = waiting.slice(batchMax)
    try {
      await send(sending)
      if (isFailing) log.info({ queue: name, dropped }, 'batches are sent again')
      isFailing = false
      isFull = false
      return true
    } catch (err) {
      // An outage may last for hours; its start and its end are logged once each.
      if (!isFailing) log.warn({ err, queue: name }, 'a batch was not sent; it will be sent again')
      isFailing = true
      waiting = [...sending, ...waiting]
      return false
    } finally {
      sending = []
    }
  }
  const drop = () => {
    dropped += 1
    if (!isFull) log.warn({ queue: name, waitingMax }, 'the queue is full; items are dropped')
    isFull = true
  }
  const sendAll = async () => {
    let isSent = false
    while (waiting.length > 0 && (await sendBatch())) isSent = true
    return isSent
  }
  const setTimer = () => {
    cancelTimer ??= clock.after(isFailing ? retryMs : waitMs, () => void flush())
  }
  const clearTimer = () => {
    cancelTimer?.()
    cancelTimer = undefined
  }
  const flush = () => {
    clearTimer()
    return (flight ??= sendAll().finally(() => {
      flight = undefined
      // A timer that was set before the failure would end the pause early.
      clearTimer()
      if (waiting.length > 0) setTimer()
    }))
  }

  return {
    add(item) {
      if (size() >= waitingMax) {
        drop()
        if (drops === 'newest' || waiting.length === 0) return
        waiting.shift()
      }
      waiting.push(item)
      // Sent early, because long-lived objects are expensive for the garbage collector.
      if (waiting.length >= batchMax && !isFailing) void flush()
      else setTimer()
    },
    flush,
    waiting: size,
    dropped: () => dropped,
    async stop() {
      await flight
      await flush()
      clearTimer()
      if (waiting.length > 0)
        log.warn({ queue: name, items: waiting.length }, 'items were not sent and are dropped')
      dropped += waiting.length
      waiting = []
    },
  }
}
