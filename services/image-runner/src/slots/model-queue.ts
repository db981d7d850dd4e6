import type { Clock } from '@sluice/kernel/clock'

import { createFairLine } from './fair-line.ts'
import type { Slot } from './slot.ts'

export interface SlotRequest {
  model: string
  wallet: string
  /** Credentials that must not be it. */
  exclude?: readonly string[]
  /** For a job that is claimed already: it goes before those that are not. */
  urgent?: boolean
  /** Rejects with the signal's reason. */
  signal: AbortSignal
}

export type SlotAnswer =
  | { outcome: 'granted'; slot: Slot }
  /** No credential serves this model, or all that do are excluded. */
  | { outcome: 'none'; reason: string }
  /** Too many wait here: the job is better off in its row. */
  | { outcome: 'crowded' }

export type GrantAnswer = SlotAnswer | { outcome: 'busy'; afterMs: number }

/** Those who wait for a place for one model. */
export interface ModelQueue {
  readonly size: number
  /** True while somebody of the line is being served: newcomers stand behind. */
  readonly moving: boolean
  /** Waits for a place; tries by itself after `afterMs` when that is said. */
  wait(request: SlotRequest, afterMs?: number): Promise<SlotAnswer>
  /** Serves those whose turn it is, as far as there are places. */
  move(): Promise<void>
  /** The newest of the wallet with the most is told that it is too crowded here. */
  turnAway(): void
}

interface Asker {
  request: SlotRequest
  settle(answer: SlotAnswer): void
  fail(error: unknown): void
}

export function createModelQueue({
  clock,
  requestSlot,
  hasRoom,
}: {
  clock: Clock
  requestSlot: (request: SlotRequest) => Promise<GrantAnswer>
  hasRoom: () => boolean
}): ModelQueue {
  const askers = createFairLine<Asker>()
  let moving = false
  // Somebody said to try again while it was moving.
  let again = false
  let cancelRetry: (() => void) | undefined
  let retryAtMs = Infinity

  const move = async (): Promise<void> => {
    if (moving) return void (again = true)
    moving = true
    try {
      do {
        again = false
        await serve()
      } while (again)
    } finally {
      moving = false
      if (askers.size === 0) stopRetry()
    }
  }
  const serve = async () => {
    const passed: Asker[] = []
    while (hasRoom()) {
      const asker = askers.take()
      if (!asker) break
      const { signal, exclude = [] } = asker.request
      const answer = await requestSlot(asker.request)
      if (answer.outcome !== 'busy') {
        settleAsker(asker, answer)
        continue
      }
      retryAfter(answer.afterMs)
      if (signal.aborted) asker.fail(signal.reason)
      else passed.unshift(asker)
      // What is busy for one who takes any credential is busy for all.
      if (exclude.length === 0) break
    }
    for (const asker of passed) askers.pushFirst(asker)
  }
  const retryAfter = (afterMs: number) => {
    stopRetry()
    retryAtMs = clock.monotonicMs() + afterMs
    cancelRetry = clock.after(afterMs, () => {
      stopRetry()
      void move()
    })
  }
  const stopRetry = () => {
    cancelRetry?.()
    cancelRetry = undefined
    retryAtMs = Infinity
  }

  return {
    get size() {
      return askers.size
    },
    get moving() {
      return moving
    },
    wait: (request, afterMs) =>
      new Promise<SlotAnswer>((resolve, reject) => {
        const leave = () => {
          // One who is not in the line is being served, and hears the answer to that.
          if (askers.remove(asker)) asker.fail(request.signal.reason)
        }
        const done = () => request.signal.removeEventListener('abort', leave)
        const asker: Asker = {
          request,
          settle: (answer) => {
            done()
            resolve(answer)
          },
          fail: (error) => {
            done()
            reject(error)
          },
        }
        request.signal.addEventListener('abort', leave, { once: true })
        if (request.urgent) askers.pushUrgent(asker)
        else askers.push(request.wallet, asker)
        if (afterMs !== undefined && clock.monotonicMs() + afterMs < retryAtMs) retryAfter(afterMs)
      }),
    move,
    turnAway: () => askers.dropOfLongest()?.settle({ outcome: 'crowded' }),
  }
}

function settleAsker(asker: Asker, answer: SlotAnswer): void {
  try {
    asker.settle(takeOrGiveBack(asker.request.signal, answer))
  } catch (error) {
    asker.fail(error)
  }
}

/** The answer; but who left while the scheduler was asked must not keep the credential. */
export function takeOrGiveBack(signal: AbortSignal, answer: SlotAnswer): SlotAnswer {
  if (signal.aborted && answer.outcome === 'granted') answer.slot.free()
  signal.throwIfAborted()
  return answer
}
