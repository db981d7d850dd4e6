/**
 * Events of image jobs for everybody in this process who waits for one. Hot path: the bus brings each
 * event, and no query is made. A watcher that misses something, or hears nothing for a while, is
 * served from the rows, all of them by one query. With the bus away every event still arrives within
 * POLL_QUIET_MS; with the database away the bus goes on.
 */
import type { Bus, Unsubscribe } from '@sluice/bus/bus'
import type { ImageJobEvent } from '@sluice/contracts/events'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { SubmitStore } from './submit-store.ts'
import type { Watcher } from './watch-job.ts'
import { createWatcher } from './watch-job.ts'

/** A watcher that heard nothing for so long looks at the rows. */
export const POLL_QUIET_MS = 2_000
/** Messages of the bus may overtake each other; so long a missing one may still arrive. */
const OVERTAKING_MS = 100
const LOOK_EVERY_MS = 100
const CURSORS_MAX = 500
const EVENTS_EACH_MAX = 100

export interface JobHubDeps {
  bus: Pick<Bus, 'subscribe'>
  store: Pick<SubmitStore, 'readEventsOfMany'>
  clock: Clock
  log?: Log
}

export interface WatchInput {
  jobId: string
  /** Events up to this number are known to the caller; 0 for all of them. */
  afterSeq: number
  /** Ends the iteration, quietly. */
  signal: AbortSignal
  /**
   * Events that the caller has at hand, such as those of a fresh submit. With them the rows are left
   * alone while the bus brings everything that follows.
   */
  known?: readonly ImageJobEvent[]
}

export interface JobHub {
  /** Begins to listen. */
  start(): Promise<void>
  /**
   * The events of a job after a number: each once, in order, without gaps, until the job's end. It
   * listens from the moment of the call, so a submitter calls it before announcing the job.
   */
  watch(input: WatchInput): AsyncIterable<ImageJobEvent>
  /** Ends every iteration and stops to listen. */
  stop(): Promise<void>
  /** How many watchers there are. */
  readonly size: number
}

export function createJobHub({ bus, store, clock, log }: JobHubDeps): JobHub {
  const watchers = new Map<string, Set<Watcher>>()
  let unsubscribe: Unsubscribe | undefined
  let cancelLook: (() => void) | undefined
  let looking = false

  const all = () => [...watchers.values()].flatMap((group) => [...group])
  const watchersOf = (jobId: string) => watchers.get(jobId) ?? []

  const hear = (event: ImageJobEvent) => {
    for (const watcher of watchersOf(event.jobId)) {
      const advanced = watcher.hear(event)
      if (advanced) watcher.dueAtMs = clock.monotonicMs() + POLL_QUIET_MS
      else if (watcher.hasGap) {
        watcher.dueAtMs = Math.min(watcher.dueAtMs, clock.monotonicMs() + OVERTAKING_MS)
      }
    }
  }

  // A coarse look at who is due; nothing ticks while nobody watches.
  const lookLater = () => {
    if (cancelLook || looking || watchers.size === 0) return
    cancelLook = clock.after(LOOK_EVERY_MS, () => {
      cancelLook = undefined
      void look()
    })
  }
  const look = async () => {
    if (looking) return
    looking = true
    try {
      for (let due = dueNow(); due.length > 0; due = dueNow()) await readRows(due)
    } finally {
      looking = false
      lookLater()
    }
  }
  const dueNow = () => {
    const nowMs = clock.monotonicMs()
    return all()
      .filter(({ dueAtMs }) => dueAtMs <= nowMs)
      .slice(0, CURSORS_MAX)
  }
  const readRows = async (due: readonly Watcher[]) => {
    for (const watcher of due) watcher.dueAtMs = clock.monotonicMs() + POLL_QUIET_MS
    const cursors = due.map(({ jobId, cursor }) => ({ jobId, afterSeq: cursor }))
    try {
      const events = await store.readEventsOfMany({ cursors, limitEach: EVENTS_EACH_MAX })
      for (const watcher of due) watcher.cameUpToDate()
      for (const event of events) hear(event)
      // A full page: there is more to read.
      for (const watcher of due) {
        const mine = events.filter(({ jobId }) => jobId === watcher.jobId)
        if (mine.length >= EVENTS_EACH_MAX) watcher.dueAtMs = clock.monotonicMs()
      }
    } catch (err) {
      log?.warn({ err, watchers: due.length }, 'events of jobs could not be read; trying again')
    }
  }

  const leave = (watcher: Watcher) => {
    const group = watchers.get(watcher.jobId)
    group?.delete(watcher)
    if (group?.size === 0) watchers.delete(watcher.jobId)
    if (watchers.size > 0) return
    cancelLook?.()
    cancelLook = undefined
  }

  return {
    start: async () => {
      unsubscribe ??= await bus.subscribe('image-job-event', hear)
    },
    watch: (input) => {
      const watcher = createWatcher({ ...input, leave })
      const fresh = (input.known ?? []).length > 0
      watcher.dueAtMs = clock.monotonicMs() + (fresh ? POLL_QUIET_MS : 0)
      if (watcher.isOver) return watcher.events
      const group = watchers.get(input.jobId) ?? new Set()
      watchers.set(input.jobId, group.add(watcher))
      if (fresh) lookLater()
      else queueMicrotask(() => void look())
      return watcher.events
    },
    stop: async () => {
      for (const watcher of all()) watcher.close()
      await unsubscribe?.()
      unsubscribe = undefined
    },
    get size() {
      return all().length
    },
  }
}
