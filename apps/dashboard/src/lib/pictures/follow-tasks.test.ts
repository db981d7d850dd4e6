import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, it } from 'vitest'

import { followTasks } from './follow-tasks.ts'
import type { StreamHooks } from './follow-tasks.ts'
import { createStreamSlots, STREAMS_MAX } from './stream-slots.ts'
import type { Locks } from './stream-slots.ts'
import { taskOf } from './testing/task-of.ts'

/** Web Locks of one browser, shared by its tabs; only what slots use. */
function browserLocks(): Locks {
  const held = new Set<string>()
  const request = async (
    name: string,
    _: unknown,
    callback: (lock: { name: string } | null) => Promise<void> | void,
  ) => {
    if (held.has(name)) return callback(null)
    held.add(name)
    await callback({ name })
    held.delete(name)
  }
  // The overloads without options are not used.
  return { request } as Locks
}

function tab(locks: Locks | null = browserLocks()) {
  const clock = fakeClock()
  const streams = new Map<string, StreamHooks>()
  const reads: string[] = []
  const received: string[] = []
  const follower = followTasks({
    clock,
    slots: createStreamSlots(locks ?? undefined),
    open: (id, hooks) => {
      streams.set(id, hooks)
      return () => void streams.delete(id)
    },
    read: async (id) => {
      reads.push(id)
      return taskOf({ id })
    },
    onTask: ({ id }) => received.push(id),
  })
  return { clock, streams, reads, received, follower }
}

const ids = ['a', 'b', 'c', 'd', 'e']

describe('following', () => {
  it('streams the first tasks and polls the others', async () => {
    const { clock, streams, reads, received, follower } = tab()
    follower.follow({ live: ids, read: [] })
    await clock.advance(0)
    expect([...streams.keys()]).toEqual(['a', 'b', 'c'])
    await clock.advance(3_000)
    expect(reads).toEqual(['d', 'e'])
    expect(received).toEqual(['d', 'e'])
  })

  it('never opens more streams than the limit over all tabs', async () => {
    const locks = browserLocks()
    const tabs = [tab(locks), tab(locks)]
    for (const { follower } of tabs) follower.follow({ live: ids, read: [] })
    for (const { clock } of tabs) await clock.advance(9_000)
    const open = tabs.flatMap(({ streams }) => [...streams.keys()])
    expect(open).toHaveLength(STREAMS_MAX)
  })

  it('reuses the slot of an ended stream for the next task', async () => {
    const { clock, streams, follower } = tab()
    follower.follow({ live: ids, read: [] })
    await clock.advance(0)
    follower.follow({ live: ids.slice(1), read: [] })
    // The browser releases a lock asynchronously; a later poll acquires it.
    await clock.advance(6_000)
    expect([...streams.keys()]).toEqual(['b', 'c', 'd'])
  })

  it('polls a task whose stream was refused, and streams it again', async () => {
    const { clock, streams, reads, follower } = tab()
    follower.follow({ live: ['a'], read: [] })
    await clock.advance(0)
    streams.get('a')?.onClosed()
    expect(streams.size).toBe(0)
    await clock.advance(3_000)
    expect(reads).toEqual(['a'])
    expect(streams.size).toBe(1)
  })

  it('only polls an ended task that is not settled', async () => {
    const { clock, streams, reads, follower } = tab()
    follower.follow({ live: [], read: ['a'] })
    await clock.advance(3_000)
    expect(reads).toEqual(['a'])
    expect(streams.size).toBe(0)
  })

  it('an open stream reports the settlement', async () => {
    const { clock, streams, reads, follower } = tab()
    follower.follow({ live: ['a'], read: [] })
    await clock.advance(0)
    follower.follow({ live: [], read: ['a'] })
    await clock.advance(3_000)
    expect([...streams.keys()]).toEqual(['a'])
    expect(reads).toEqual([])
  })

  it('makes no requests after stop', async () => {
    const { clock, streams, reads, follower } = tab()
    follower.follow({ live: ids, read: [] })
    await clock.advance(0)
    follower.stop()
    await clock.advance(30_000)
    expect(streams.size).toBe(0)
    expect(reads).toEqual([])
  })

  it('opens at most two streams without Web Locks', async () => {
    const { clock, streams, follower } = tab(null)
    follower.follow({ live: ids, read: [] })
    await clock.advance(3_000)
    expect(streams.size).toBe(2)
    follower.follow({ live: ['e'], read: [] })
    await clock.advance(3_000)
    expect([...streams.keys()]).toEqual(['e'])
  })
})
