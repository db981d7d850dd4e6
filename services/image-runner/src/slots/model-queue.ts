import type { Clock } from '@sluice/kernel/clock'

import { createFairQueue } from './fair-queue.ts'
import type { Slot } from './slot.ts'

export interface SlotRequest {
  model: string
  wallet: string
  /** Credentials that must not be granted. */
  exclude?: readonly string[]
  /** For a claimed job: served before jobs that are not claimed yet. */
  urgent?: boolean
  /** Rejects with the signal's reason. */
  signal: AbortSignal
}

export type SlotResult =
  | { outcome: 'granted'; slot: Slot }
  /** No credential serves this model, or all that do are excluded. */
  | { outcome: 'none'; reason: string }
  /** Too many requests are waiting in this runner; the job should stay queued in the database. */
  | { outcome: 'queue-full' }

export type GrantResult = SlotResult | { outcome: 'busy'; afterMs: number }

/** The queue of slot requests for one model. */
export interface ModelQueue {
  readonly size: number
  /** True while queued requests are being served: new requests must queue. */
  readonly serving: boolean
  /** Queues a request; retries after `afterMs` when it is set. */
  wait(request: SlotRequest, afterMs?: number): Promise<SlotResult>
  /** Serves requests in order, as far as there are slots. */
  serve(): Promise<void>
  /** Settles the newest request of the wallet with the most as `queue-full`. */
  rejectNewest(): void
}

interface Waiter {
  request: SlotRequest
  settle(result: SlotResult): void
  fail(error: unknown): void
}

export function createModelQueue({
  clock,
  requestSlot,
  hasRoom,
}: {
  clock: Clock
  requestSlot: (request: SlotRequest) => Promise<GrantResult>
  hasRoom: () => boolean
}): ModelQueue {
  const waiters = createFairQueue<Waiter>()
  let serving = false
  // `serve` was called while it was running.
  let again = false
  let cancelRetry: (() => void) | undefined
  let retryAtMs = Infinity

  const serve = async (): Promise<void> => {
    if (serving) return void (again = true)
    serving = true
    try {
      do {
        again = false
        await servePass()
      } while (again)
    } finally {
      serving = false
      if (waiters.size === 0) stopRetry()
    }
  }
  const servePass = async () => {
    const skipped: Waiter[] = []
    while (hasRoom()) {
      const waiter = waiters.take()
      if (!waiter) break
      const { signal, exclude = [] } = waiter.request
      const result = await requestSlot(waiter.request)
      if (result.outcome !== 'busy') {
        settleWaiter(waiter, result)
        continue
      }
      retryAfter(result.afterMs)
      if (signal.aborted) waiter.fail(signal.reason)
      else skipped.unshift(waiter)
      // `busy` without exclusions applies to all other requests too.
      if (exclude.length === 0) break
    }
    for (const waiter of skipped) waiters.pushFirst(waiter)
  }
  const retryAfter = (afterMs: number) => {
    stopRetry()
    retryAtMs = clock.monotonicMs() + afterMs
    cancelRetry = clock.after(afterMs, () => {
      stopRetry()
      void serve()
    })
  }
  const stopRetry = () => {
    cancelRetry?.()
    cancelRetry = undefined
    retryAtMs = Infinity
  }

  return {
    get size() {
      return waiters.size
    },
    get serving() {
      return serving
    },
    wait: (request, afterMs) =>
      new Promise<SlotResult>((resolve, reject) => {
        const cancel = () => {
          // A request that is not in the queue is being served, and is settled with that result.
          if (waiters.remove(waiter)) waiter.fail(request.signal.reason)
        }
        const done = () => request.signal.removeEventListener('abort', cancel)
        const waiter: Waiter = {
          request,
          settle: (result) => {
            done()
            resolve(result)
          },
          fail: (error) => {
            done()
            reject(error)
          },
        }
        request.signal.addEventListener('abort', cancel, { once: true })
        if (request.urgent) waiters.pushUrgent(waiter)
        else waiters.push(request.wallet, waiter)
        if (afterMs !== undefined && clock.monotonicMs() + afterMs < retryAtMs) retryAfter(afterMs)
      }),
    serve,
    rejectNewest: () => waiters.dropFromLongest()?.settle({ outcome: 'queue-full' }),
  }
}

function settleWaiter(waiter: Waiter, result: SlotResult): void {
  try {
    waiter.settle(releaseIfAborted(waiter.request.signal, result))
  } catch (error) {
    waiter.fail(error)
  }
}

/** Returns the result; if the request was aborted in the meantime, frees the slot and throws. */
export function releaseIfAborted(signal: AbortSignal, result: SlotResult): SlotResult {
  if (signal.aborted && result.outcome === 'granted') result.slot.free()
  signal.throwIfAborted()
  return result
}
