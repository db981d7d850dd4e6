/**
 * Delivers the events of image jobs to all watchers in this process. Hot path: events arrive over the bus,
 * without a query. A watcher with a gap, or without an event for a while, is served from the rows; one query
 * serves all such watchers. While the bus is unavailable, events arrive within POLL_QUIET_MS; while the
 * database is unavailable, events still arrive over the bus.
 */
import type { Bus, Unsubscribe } from '@sluice/bus/bus'
import type { ImageJobEvent } from '@sluice/contracts/events'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { SubmitStore } from './submit-store.ts'
import type { Watcher } from './watch-job.ts'
import { createWatcher } from './watch-job.ts'

/** A watcher without an event for this long is served from the rows. */
export const POLL_QUIET_MS = 2_000
/** Bus messages may be reordered; a missing one is waited for this long. */
const REORDERING_MS = 100
const POLL_EVERY_MS = 100
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
  /** Only events with a higher number are delivered; 0 for all. */
  afterSeq: number
  /** Ends the iteration without an error. */
  signal: AbortSignal
  /**
   * Events that the caller already has, such as those of its submit. With them, the rows are not read as
   * long as the bus delivers everything that follows.
   */
  known?: readonly ImageJobEvent[]
}

export interface JobHub {
  /** Subscribes to the bus. */
  start(): Promise<void>
  /**
   * The events of a job after a number: each once, in order, without gaps, until the job's end. It receives
   * from the time of the call on, so a submitter calls it before it publishes the job.
   */
  watch(input: WatchInput): AsyncIterable<ImageJobEvent>
  /** Ends every iteration and unsubscribes. */
  stop(): Promise<void>
  /** The number of watchers. */
  readonly size: number
}

export function createJobHub({ bus, store, clock, log }: JobHubDeps): JobHub {
  const watchers = new Map<string, Set<Watcher>>()
  let unsubscribe: Unsubscribe | undefined
  let cancelPoll: (() => void) | undefined
  let polling = false

  const all = () => [...watchers.values()].flatMap((group) => [...group])
  const watchersOf = (jobId: string) => watchers.get(jobId) ?? []

  const receive = (event: ImageJobEvent) => {
    for (const watcher of watchersOf(event.jobId)) {
      const advanced = watcher.receive(event)
      if (advanced) watcher.dueAtMs = clock.monotonicMs() + POLL_QUIET_MS
      else if (watcher.hasGap) {
        watcher.dueAtMs = Math.min(watcher.dueAtMs, clock.monotonicMs() + REORDERING_MS)
      }
    }
  }

  // Coarse polling of the watchers that are due; no timer without watchers.
  const schedulePoll = () => {
    if (cancelPoll || polling || watchers.size === 0) return
    cancelPoll = clock.after(POLL_EVERY_MS, () => {
      cancelPoll = undefined
      void poll()
    })
  }
  const poll = async () => {
    if (polling) return
    polling = true
    try {
      for (let due = dueNow(); due.length > 0; due = dueNow()) await readRows(due)
    } finally {
      polling = false
      schedulePoll()
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
      for (const watcher of due) watcher.markUpToDate()
      for (const event of events) receive(event)
      // A full page: there is more to read.
      for (const watcher of due) {
        const own = events.filter(({ jobId }) => jobId === watcher.jobId)
        if (own.length >= EVENTS_EACH_MAX) watcher.dueAtMs = clock.monotonicMs()
      }
    } catch (err) {
      log?.warn({ err, watchers: due.length }, 'job events could not be read; retrying')
    }
  }

  const remove = (watcher: Watcher) => {
    const group = watchers.get(watcher.jobId)
    group?.delete(watcher)
    if (group?.size === 0) watchers.delete(watcher.jobId)
    if (watchers.size > 0) return
    cancelPoll?.()
    cancelPoll = undefined
  }

  return {
    start: async () => {
      unsubscribe ??= await bus.subscribe('image-job-event', receive)
    },
    watch: (input) => {
      const watcher = createWatcher({ ...input, onClose: remove })
      const hasKnown = (input.known ?? []).length > 0
      watcher.dueAtMs = clock.monotonicMs() + (hasKnown ? POLL_QUIET_MS : 0)
      if (watcher.isOver) return watcher.events
      const group = watchers.get(input.jobId) ?? new Set()
      watchers.set(input.jobId, group.add(watcher))
      if (hasKnown) schedulePoll()
      else queueMicrotask(() => void poll())
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
