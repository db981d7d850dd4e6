/**
 * Where jobs ask for a place to draw. Hot path: one call of the scheduler, no waiting. When every
 * credential is taken, askers wait in a line a model, wallets taking turns; the line moves when a
 * lease is said to be free, when the scheduler said to come back, or when this runner has room again.
 * With the scheduler away askers wait, and it is asked again every second.
 */
import type { Scheduler } from '@sluice/contracts/scheduler.contract'

import type { GrantDeps } from './request-lease.ts'
import { requestLease } from './request-lease.ts'
import type { GrantAnswer, SlotAnswer, ModelQueue, SlotRequest } from './model-queue.ts'
import { createModelQueue, takeOrGiveBack } from './model-queue.ts'
import type { Slot } from './slot.ts'
import { createSlotsInUse } from './slot.ts'

export interface SlotQueue {
  /** Waits for a place. */
  obtain(request: SlotRequest): Promise<SlotAnswer>
  /** Up to `count` further places, as far as they are free now. */
  obtainMore(request: { model: string; count: number; signal: AbortSignal }): Promise<Slot[]>
  /** Somewhere a lease was freed. */
  onLeaseFreed(): void
  readonly waiting: number
  /** How many were told so far that it is too crowded. */
  readonly turnedAway: number
  readonly generating: number
  /** Resolves when every lease that was given back has been. */
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
  const lines = new Map<string, ModelQueue>()
  // Grants that are being asked for count as places.
  let asking = 0
  let freedTimes = 0
  let turnedAway = 0

  const roomFor = () => slotsMax - inUse.size - asking
  const waiting = () => [...lines.values()].reduce((sum, { size }) => sum + size, 0)

  const requestSlot = async (request: Omit<SlotRequest, 'wallet'>): Promise<GrantAnswer> => {
    asking += 1
    const freedBefore = freedTimes
    const answer = await requestLease(deps, request).finally(() => (asking -= 1))
    if (answer.outcome === 'granted') {
      return { outcome: 'granted', slot: inUse.add(answer.lease, moveAll) }
    }
    // A place that was freed since we asked would otherwise wait for the next hint.
    if (answer.outcome === 'busy' && freedTimes > freedBefore) return { ...answer, afterMs: 0 }
    return answer
  }
  const moveAll = () => {
    for (const [model, line] of lines) {
      if (line.size === 0 && !line.moving) lines.delete(model)
      else void line.move()
    }
  }
  const lineOf = (model: string): ModelQueue => {
    const known = lines.get(model)
    if (known) return known
    const line = createModelQueue({ clock, requestSlot, hasRoom: () => roomFor() > 0 })
    lines.set(model, line)
    return line
  }
  const wait = (request: SlotRequest, afterMs?: number) => {
    const line = lineOf(request.model)
    const answer = line.wait(request, afterMs)
    if (waiting() > waitingMax) {
      turnedAway += 1
      line.turnAway()
    }
    return answer
  }

  return {
    obtain: async (request) => {
      request.signal.throwIfAborted()
      const line = lines.get(request.model)
      const first = line === undefined || (line.size === 0 && !line.moving)
      if (!first || roomFor() <= 0) return wait(request)
      const answer = await requestSlot(request)
      if (answer.outcome !== 'busy') return takeOrGiveBack(request.signal, answer)
      request.signal.throwIfAborted()
      return wait(request, answer.afterMs)
    },
    obtainMore: async ({ model, count, signal }) => {
      const tries = Math.max(0, Math.min(count, roomFor()))
      const answers = await Promise.all(
        Array.from({ length: tries }, () => requestSlot({ model, signal })),
      )
      return answers.flatMap((answer) => (answer.outcome === 'granted' ? [answer.slot] : []))
    },
    onLeaseFreed: () => {
      freedTimes += 1
      moveAll()
    },
    get waiting() {
      return waiting()
    },
    get turnedAway() {
      return turnedAway
    },
    get generating() {
      return inUse.size
    },
    settled: () => inUse.settled(),
  }
}
