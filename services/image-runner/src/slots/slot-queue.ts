/**
 * Grants slots for generating pictures. Hot path: one call of the scheduler, no waiting. When no credential
 * is free, requests are queued per model, round-robin by wallet; a queue is served when a lease was freed, at
 * the scheduler's retry time, or when this runner has a free slot. While the scheduler is unavailable,
 * requests stay queued, and the call is retried every second.
 */
import type { Scheduler } from '@sluice/contracts/scheduler.contract'

import type { GrantDeps } from './request-lease.ts'
import { requestLease } from './request-lease.ts'
import type { GrantResult, SlotResult, ModelQueue, SlotRequest } from './model-queue.ts'
import { createModelQueue, releaseIfAborted } from './model-queue.ts'
import type { Slot } from './slot.ts'
import { createSlotsInUse } from './slot.ts'

export interface SlotQueue {
  /** Acquires a slot, waiting if necessary. */
  acquire(request: SlotRequest): Promise<SlotResult>
  /** Acquires up to `count` further slots that are free now. */
  acquireMore(request: { model: string; count: number; signal: AbortSignal }): Promise<Slot[]>
  /** Called when a lease was freed anywhere. */
  onLeaseFreed(): void
  readonly waiting: number
  /** The number of requests that were settled as `queue-full`. */
  readonly rejectedCount: number
  readonly generating: number
  /** Resolves when all running releases of leases are done. */
  settled(): Promise<void>
}

export interface SlotQueueDeps extends GrantDeps {
  scheduler: Pick<Scheduler, 'grantLease' | 'renewLease' | 'releaseLease'>
  slotsMax: number
  waitingMax: number
}

export function createSlotQueue(deps: SlotQueueDeps): SlotQueue {
  const { clock, slotsMax, waitingMax, leaseTtlMs } = deps
  const inUse = createSlotsInUse({ ...deps, ttlMs: leaseTtlMs })
  const queues = new Map<string, ModelQueue>()
  // Requested leases count as slots in use.
  let pending = 0
  let freedTimes = 0
  let rejectedCount = 0

  const roomFor = () => slotsMax - inUse.size - pending
  const waiting = () => [...queues.values()].reduce((sum, { size }) => sum + size, 0)

  const requestSlot = async (request: Omit<SlotRequest, 'wallet'>): Promise<GrantResult> => {
    pending += 1
    const freedBefore = freedTimes
    const result = await requestLease(deps, request).finally(() => (pending -= 1))
    if (result.outcome === 'granted') {
      return { outcome: 'granted', slot: inUse.add(result.lease, serveAll) }
    }
    // A lease that was freed during the call would otherwise stay unused until the next hint.
    if (result.outcome === 'busy' && freedTimes > freedBefore) return { ...result, afterMs: 0 }
    return result
  }
  const serveAll = () => {
    for (const [model, queue] of queues) {
      if (queue.size === 0 && !queue.serving) queues.delete(model)
      else void queue.serve()
    }
  }
  const queueOf = (model: string): ModelQueue => {
    const known = queues.get(model)
    if (known) return known
    const queue = createModelQueue({ clock, requestSlot, hasRoom: () => roomFor() > 0 })
    queues.set(model, queue)
    return queue
  }
  const wait = (request: SlotRequest, afterMs?: number) => {
    const queue = queueOf(request.model)
    const result = queue.wait(request, afterMs)
    if (waiting() > waitingMax) {
      rejectedCount += 1
      queue.rejectNewest()
    }
    return result
  }

  return {
    acquire: async (request) => {
      request.signal.throwIfAborted()
      const queue = queues.get(request.model)
      const first = queue === undefined || (queue.size === 0 && !queue.serving)
      if (!first || roomFor() <= 0) return wait(request)
      const result = await requestSlot(request)
      if (result.outcome !== 'busy') return releaseIfAborted(request.signal, result)
      request.signal.throwIfAborted()
      return wait(request, result.afterMs)
    },
    acquireMore: async ({ model, count, signal }) => {
      const attempts = Math.max(0, Math.min(count, roomFor()))
      const results = await Promise.all(
        Array.from({ length: attempts }, () => requestSlot({ model, signal })),
      )
      return results.flatMap((result) => (result.outcome === 'granted' ? [result.slot] : []))
    },
    onLeaseFreed: () => {
      freedTimes += 1
      serveAll()
    },
    get waiting() {
      return waiting()
    },
    get rejectedCount() {
      return rejectedCount
    },
    get generating() {
      return inUse.size
    },
    settled: () => inUse.settled(),
  }
}
