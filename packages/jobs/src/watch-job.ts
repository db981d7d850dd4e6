import type { ImageJobEvent } from '@sluice/contracts/events'

import { createEventLine } from './event-line.ts'

/** One iteration over a job's events, as the hub sees it. */
export interface Watcher {
  jobId: string
  /** When to look at the rows, on the monotonic clock. */
  dueAtMs: number
  /** After which number to look. */
  readonly cursor: number
  readonly hasGap: boolean
  readonly isOver: boolean
  /** Takes an event; true when the reader may go on. */
  hear(event: ImageJobEvent): boolean
  /** The rows were read at least once. */
  cameUpToDate(): void
  /** Ends the iteration. */
  close(): void
  events: AsyncIterable<ImageJobEvent>
}

export function createWatcher({
  jobId,
  afterSeq,
  known = [],
  signal,
  leave,
}: {
  jobId: string
  afterSeq: number
  known?: readonly ImageJobEvent[]
  signal: AbortSignal
  /** Called once, when nothing more will be heard. */
  leave: (watcher: Watcher) => void
}): Watcher {
  const line = createEventLine(afterSeq)
  let upToDate = known.length > 0
  let closed = false
  let left = false
  let wake: (() => void) | undefined

  const rouse = () => {
    wake?.()
    wake = undefined
  }
  const goAway = () => {
    rouse()
    if (left) return
    left = true
    signal.removeEventListener('abort', close)
    leave(watcher)
  }
  const close = () => {
    closed = true
    goAway()
  }

  const next = async (): Promise<IteratorResult<ImageJobEvent, undefined>> => {
    for (;;) {
      const event = closed ? undefined : line.take()
      if (event) return { done: false, value: event }
      if (closed || line.isOver) return { done: true, value: undefined }
      await new Promise<void>((resolve) => void (wake = resolve))
    }
  }

  const watcher: Watcher = {
    jobId,
    dueAtMs: 0,
    // The first time also the last known event: it may have been the job's end.
    get cursor() {
      return upToDate ? line.heardSeq : Math.max(0, line.heardSeq - 1)
    },
    get hasGap() {
      return line.hasGap
    },
    get isOver() {
      return closed || line.isOver
    },
    hear: (event) => {
      const advanced = line.offer(event)
      if (line.isOver) goAway()
      else if (advanced) rouse()
      return advanced
    },
    cameUpToDate: () => void (upToDate = true),
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
  for (const event of known) line.offer(event)
  if (signal.aborted) close()
  else signal.addEventListener('abort', close, { once: true })
  return watcher
}
