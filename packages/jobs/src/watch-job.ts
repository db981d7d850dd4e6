import type { ImageJobEvent } from '@sluice/contracts/events'

import { createEventSequencer } from './event-sequencer.ts'

/** One iteration over a job's events, for the hub. */
export interface Watcher {
  jobId: string
  /** When to read the rows, on the monotonic clock. */
  dueAtMs: number
  /** The number after which to read the rows. */
  readonly cursor: number
  readonly hasGap: boolean
  readonly isOver: boolean
  /** Adds an event; true when the reader can continue. */
  receive(event: ImageJobEvent): boolean
  /** Called after the rows were read. */
  markUpToDate(): void
  /** Ends the iteration. */
  close(): void
  events: AsyncIterable<ImageJobEvent>
}

export function createWatcher({
  jobId,
  afterSeq,
  known = [],
  signal,
  onClose,
}: {
  jobId: string
  afterSeq: number
  known?: readonly ImageJobEvent[]
  signal: AbortSignal
  /** Called once, when the watcher needs no more events. */
  onClose: (watcher: Watcher) => void
}): Watcher {
  const sequencer = createEventSequencer(afterSeq)
  let upToDate = known.length > 0
  let closed = false
  let isDetached = false
  let wake: (() => void) | undefined

  const wakeReader = () => {
    wake?.()
    wake = undefined
  }
  const detach = () => {
    wakeReader()
    if (isDetached) return
    isDetached = true
    signal.removeEventListener('abort', close)
    onClose(watcher)
  }
  const close = () => {
    closed = true
    detach()
  }

  const next = async (): Promise<IteratorResult<ImageJobEvent, undefined>> => {
    for (;;) {
      const event = closed ? undefined : sequencer.take()
      if (event) return { done: false, value: event }
      if (closed || sequencer.isOver) return { done: true, value: undefined }
      await new Promise<void>((resolve) => void (wake = resolve))
    }
  }

  const watcher: Watcher = {
    jobId,
    dueAtMs: 0,
    // The first read includes the last known event again: it may have been the job's end.
    get cursor() {
      return upToDate ? sequencer.contiguousSeq : Math.max(0, sequencer.contiguousSeq - 1)
    },
    get hasGap() {
      return sequencer.hasGap
    },
    get isOver() {
      return closed || sequencer.isOver
    },
    receive: (event) => {
      const advanced = sequencer.offer(event)
      if (sequencer.isOver) detach()
      else if (advanced) wakeReader()
      return advanced
    },
    markUpToDate: () => void (upToDate = true),
    close,
    events: {
      [Symbol.asyncIterator]: () => ({
        next,
        return: async () => {
          close()
          return { done: true, value: undefined }
        },
      }),
    },
  }
  for (const event of known) sequencer.offer(event)
  if (signal.aborted) close()
  else signal.addEventListener('abort', close, { once: true })
  return watcher
}
