import type { Clock } from '@sluice/kernel/clock'

import type { Release, StreamSlots } from './stream-slots.ts'
import type { Task } from './task.ts'

/** How often a task without a stream is read. */
const POLL_MS = 3_000

export interface StreamHooks {
  onTask: (task: Task) => void
  /** The gateway refused the stream, or it is over. */
  onClosed: () => void
}

export interface FollowDeps {
  clock: Clock
  slots: StreamSlots
  /** Opens a live stream; the answer closes it. */
  open: (id: string, hooks: StreamHooks) => () => void
  read: (id: string) => Promise<Task>
  onTask: (task: Task) => void
}

export interface Wanted {
  /** Under way: by a stream where there is room, else read. */
  live: readonly string[]
  /** Ended, but for something that is known soon: read, or told by the stream that there is. */
  read: readonly string[]
}

/**
 * Keeps an eye on tasks that are under way: the first few by live streams, the others by reading them
 * now and then, those again by streams as soon as there is room.
 */
export function followTasks(deps: FollowDeps) {
  const streams = new Map<string, () => void>()
  // Held while a stream is asked for, so that no task is given two.
  const asking = new Set<string>()
  const reading = new Set<string>()
  let wanted: Wanted = { live: [], read: [] }
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
      // What the stream could not say any more is read by the next poll.
      onClosed: () => drop(id),
    })
    streams.set(id, end)
  }

  const seekStreams = async () => {
    for (const id of wanted.live) {
      if (streams.has(id) || asking.has(id)) continue
      asking.add(id)
      const release = await deps.slots.take().finally(() => asking.delete(id))
      if (!release) return
      if (wanted.live.includes(id)) openStream(id, release)
      else release()
    }
  }

  const readOthers = async () => {
    for (const id of [...wanted.live, ...wanted.read]) {
      if (streams.has(id) || reading.has(id)) continue
      reading.add(id)
      try {
        deps.onTask(await deps.read(id))
      } catch {
        // The next poll asks again; what the gateway refuses for good, its reader has told.
      } finally {
        reading.delete(id)
      }
    }
  }

  const poll = () => {
    void seekStreams()
    void readOthers()
  }

  /** Follows these from now on, in the order of their importance, and no others. */
  const follow = (next: Wanted) => {
    wanted = next
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
