import type { ImageJobEvent } from '@sluice/contracts/events'

/** So many events may wait for a slow reader; further ones are read from the rows later. */
const WAITING_MAX = 200

/** One reader's view of a job's events: each once, in order, from wherever they come. */
export interface EventLine {
  /** Takes events in any order and number. True when at least one can be read now. */
  offer(event: ImageJobEvent): boolean
  /** The next event that can be read. */
  take(): ImageJobEvent | undefined
  /** The number up to which nothing is missing. */
  readonly heardSeq: number
  /** True while a later event is here and an earlier one is not. */
  readonly hasGap: boolean
  /** True once the last event of the job was heard. */
  readonly isOver: boolean
}

/** Numbers that are not above `afterSeq` are known to the reader already. */
export function createEventLine(afterSeq: number): EventLine {
  const ready: ImageJobEvent[] = []
  const early = new Map<number, ImageJobEvent>()
  let heardSeq = afterSeq
  let isOver = false

  return {
    offer: (event) => {
      // Even when it is known: a reader who comes back after the end waits for nothing.
      if (event.fact.type === 'ended' && event.seq <= heardSeq) isOver = true
      if (isOver || event.seq <= heardSeq || ready.length + early.size >= WAITING_MAX) return false
      early.set(event.seq, event)
      const before = heardSeq
      for (let next = early.get(heardSeq + 1); next; next = early.get(heardSeq + 1)) {
        early.delete(next.seq)
        ready.push(next)
        heardSeq = next.seq
        isOver = next.fact.type === 'ended'
      }
      return heardSeq > before
    },
    take: () => ready.shift(),
    get heardSeq() {
      return heardSeq
    },
    get hasGap() {
      return early.size > 0
    },
    get isOver() {
      return isOver
    },
  }
}
