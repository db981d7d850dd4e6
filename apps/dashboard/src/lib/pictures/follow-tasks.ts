import type { Clock } from '@sluice/kernel/clock'

import type { Release, StreamSlots } from './stream-slots.ts'
import type { Task } from './task.ts'

/** How often a task without a stream is read. */
const POLL_MS = 3_000

export interface StreamHooks {
  onTask: (task: Task) => void
  /** The gateway refused the stream, or the stream ended. */
  onClosed: () => void
}

export interface FollowDeps {
  clock: Clock
  slots: StreamSlots
  /** Opens a live stream; the returned function closes it. */
  open: (id: string, hooks: StreamHooks) => () => void
  read: (id: string) => Promise<Task>
  onTask: (task: Task) => void
}

export interface FollowedTasks {
  /** Running tasks: streamed while a slot is free, otherwise polled. */
  live: readonly string[]
  /** Ended tasks whose settlement is missing: polled, or updated by an open stream. */
  read: readonly string[]
}

/**
 * Follows running tasks: the first ones by live streams, the others by polling until a stream slot is
 * free.
 */
export function followTasks(deps: FollowDeps) {
  const streams = new Map<string, () => void>()
  // Tasks whose stream slot is being acquired, so that no task gets two.
  const acquiring = new Set<string>()
  const reading = new Set<string>()
  let followed: FollowedTasks = { live: [], read: [] }
  let stopPolling: (() => void) | undefined

  const drop = (id: string) => {
    streams.get(id)?.()
    streams.delete(id)
  }

  const openStream = (id: string, release: Release) => {
    let open = true
    const end = () => {
      if (!open) return
      open = false
      close()
      release()
    }
    const close = deps.open(id, {
      onTask: deps.onTask,
      // The next poll reads what the stream has not delivered.
      onClosed: () => drop(id),
    })
    streams.set(id, end)
  }

  const seekStreams = async () => {
    for (const id of followed.live) {
      if (streams.has(id) || acquiring.has(id)) continue
      acquiring.add(id)
      const release = await deps.slots.take().finally(() => acquiring.delete(id))
      if (!release) return
      if (followed.live.includes(id)) openStream(id, release)
      else release()
    }
  }

  const readOthers = async () => {
    for (const id of [...followed.live, ...followed.read]) {
      if (streams.has(id) || reading.has(id)) continue
      reading.add(id)
      try {
        deps.onTask(await deps.read(id))
      } catch {
        // The next poll retries; `read` reports permanent errors itself.
      } finally {
        reading.delete(id)
      }
    }
  }

  const poll = () => {
    void seekStreams()
    void readOthers()
  }

  /** Sets the followed tasks, in order of priority. */
  const follow = (next: FollowedTasks) => {
    followed = next
    for (const id of streams.keys()) {
      if (!next.live.includes(id) && !next.read.includes(id)) drop(id)
    }
    void seekStreams()
    if (next.live.length + next.read.length > 0) {
      stopPolling ??= deps.clock.every(POLL_MS, poll)
      return
    }
    stopPolling?.()
    stopPolling = undefined
  }

  return { follow, stop: () => follow({ live: [], read: [] }) }
}
