import type { ImageJobEvent } from '@sluice/contracts/events'

/** The maximum number of buffered events; further ones are read from the rows later. */
const BUFFERED_MAX = 200

/** Orders and deduplicates a job's events for one reader. */
export interface EventSequencer {
  /** Accepts events in any order, also repeated. True when at least one more event can be taken. */
  offer(event: ImageJobEvent): boolean
  /** Returns the next event in order, if it has arrived. */
  take(): ImageJobEvent | undefined
  /** The number up to which all events have arrived. */
  readonly contiguousSeq: number
  /** True while a later event has arrived and an earlier one has not. */
  readonly hasGap: boolean
  /** True once the last event of the job has arrived. */
  readonly isOver: boolean
}

/** Ignores events with a number of at most `afterSeq`, which the reader already has. */
export function createEventSequencer(afterSeq: number): EventSequencer {
  const ready: ImageJobEvent[] = []
  const early = new Map<number, ImageJobEvent>()
  let contiguousSeq = afterSeq
  let isOver = false

  return {
    offer: (event) => {
      // Also when the reader already has it: a reader that reconnects after the end must not wait.
      if (event.fact.type === 'ended' && event.seq <= contiguousSeq) isOver = true
      if (isOver || event.seq <= contiguousSeq || ready.length + early.size >= BUFFERED_MAX)
        return false
      early.set(event.seq, event)
      const before = contiguousSeq
      for (let next = early.get(contiguousSeq + 1); next; next = early.get(contiguousSeq + 1)) {
        early.delete(next.seq)
        ready.push(next)
        contiguousSeq = next.seq
        isOver = next.fact.type === 'ended'
      }
      return contiguousSeq > before
    },
    take: () => ready.shift(),
    get contiguousSeq() {
      return contiguousSeq
    },
    get hasGap() {
      return early.size > 0
    },
    get isOver() {
      return isOver
    },
  }
}
