/**
 * Where jobs ask for a place to draw. Hot path: one call of the scheduler, no waiting. When every
 * credential is taken, askers wait in a line a model, wallets taking turns; the line moves when a
 * lease is said to be free, when the scheduler said to come back, or when this runner has room again.
 * With the scheduler away askers wait, and it is asked again every second.
 */
import type { Scheduler } from '@sluice/contracts/scheduler.contract'

import type { AskDeps } from './ask-scheduler.ts'
import { askScheduler } from './ask-scheduler.ts'
import type { Asked, PlaceAnswer, PlaceLine, PlaceWish } from './place-line.ts'
import { createPlaceLine, takeOrGiveBack } from './place-line.ts'
import type { Place } from './place.ts'
import { createPlacesInUse } from './place.ts'

export interface PlaceDesk {
  /** Waits for a place. */
  obtain(wish: PlaceWish): Promise<PlaceAnswer>
  /** Up to `count` further places, as far as they are free now. */
  obtainMore(wish: { model: string; count: number; signal: AbortSignal }): Promise<Place[]>
  /** Somewhere a lease was freed. */
  hearFreed(): void
  readonly waiting: number
  /** How many were told so far that it is too crowded. */
  readonly turnedAway: number
  readonly drawing: number
  /** Resolves when every lease that was given back has been. */
  settled(): Promise<void>
}

export interface PlaceDeskDeps extends AskDeps {
  scheduler: Pick<Scheduler, 'grantLease' | 'renewLease' | 'releaseLease'>
  placesMax: number
  waitingMax: number
}

export function createPlaceDesk(deps: PlaceDeskDeps): PlaceDesk {
  const { clock, placesMax, waitingMax, leaseTtlMs } = deps
  const inUse = createPlacesInUse({ ...deps, ttlMs: leaseTtlMs })
  const lines = new Map<string, PlaceLine>()
  // Grants that are being asked for count as places.
  let asking = 0
  let freedTimes = 0
  let turnedAway = 0

  const roomFor = () => placesMax - inUse.size - asking
  const waiting = () => [...lines.values()].reduce((sum, { size }) => sum + size, 0)

  const ask = async (wish: Omit<PlaceWish, 'wallet'>): Promise<Asked> => {
    asking += 1
    const freedBefore = freedTimes
    const answer = await askScheduler(deps, wish).finally(() => (asking -= 1))
    if (answer.outcome === 'granted') {
      return { outcome: 'granted', place: inUse.add(answer.lease, moveAll) }
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
  const lineOf = (model: string): PlaceLine => {
    const known = lines.get(model)
    if (known) return known
    const line = createPlaceLine({ clock, ask, hasRoom: () => roomFor() > 0 })
    lines.set(model, line)
    return line
  }
  const wait = (wish: PlaceWish, afterMs?: number) => {
    const line = lineOf(wish.model)
    const answer = line.wait(wish, afterMs)
    if (waiting() > waitingMax) {
      turnedAway += 1
      line.turnAway()
    }
    return answer
  }

  return {
    obtain: async (wish) => {
      wish.signal.throwIfAborted()
      const line = lines.get(wish.model)
      const first = line === undefined || (line.size === 0 && !line.moving)
      if (!first || roomFor() <= 0) return wait(wish)
      const answer = await ask(wish)
      if (answer.outcome !== 'busy') return takeOrGiveBack(wish.signal, answer)
      wish.signal.throwIfAborted()
      return wait(wish, answer.afterMs)
    },
    obtainMore: async ({ model, count, signal }) => {
      const tries = Math.max(0, Math.min(count, roomFor()))
      const answers = await Promise.all(Array.from({ length: tries }, () => ask({ model, signal })))
      return answers.flatMap((answer) => (answer.outcome === 'granted' ? [answer.place] : []))
    },
    hearFreed: () => {
      freedTimes += 1
      moveAll()
    },
    get waiting() {
      return waiting()
    },
    get turnedAway() {
      return turnedAway
    },
    get drawing() {
      return inUse.size
    },
    settled: () => inUse.settled(),
  }
}
