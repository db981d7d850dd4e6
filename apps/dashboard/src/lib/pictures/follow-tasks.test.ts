import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, it } from 'vitest'

import { followTasks } from './follow-tasks.ts'
import type { StreamHooks } from './follow-tasks.ts'
import { createStreamSlots, STREAMS_MAX } from './stream-slots.ts'
import type { Locks } from './stream-slots.ts'
import { taskOf } from './testing/task-of.ts'

/** Web Locks of one browser, shared by its tabs, as far as slots use them. */
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
  // The overloads without options are not asked for here.
  return { request } as Locks
}

function tab(locks: Locks | null = browserLocks()) {
  const clock = fakeClock()
  const streams = new Map<string, StreamHooks>()
  const reads: string[] = []
  const heard: string[] = []
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
    onTask: ({ id }) => heard.push(id),
  })
  return { clock, streams, reads, heard, follower }
}

const ids = ['a', 'b', 'c', 'd', 'e']

describe('following', () => {
  it('streams the first few and reads the others now and then', async () => {
    const { clock, streams, reads, heard, follower } = tab()
    follower.follow({ live: ids, read: [] })
    await clock.advance(0)
    expect([...streams.keys()]).toEqual(['a', 'b', 'c'])
    await clock.advance(3_000)
    expect(reads).toEqual(['d', 'e'])
    expect(heard).toEqual(['d', 'e'])
  })

  it('never holds more streams than the browser can spare, over all tabs together', async () => {
    const locks = browserLocks()
    const tabs = [tab(locks), tab(locks)]
    for (const { follower } of tabs) follower.follow({ live: ids, read: [] })
    for (const { clock } of tabs) await clock.advance(9_000)
    const open = tabs.flatMap(({ streams }) => [...streams.keys()])
    expect(open).toHaveLength(STREAMS_MAX)
  })

  it('gives the room of an ended stream to the next task', async () => {
    const { clock, streams, follower } = tab()
    follower.follow({ live: ids, read: [] })
    await clock.advance(0)
    follower.follow({ live: ids.slice(1), read: [] })
    // The browser gives a lock back in its own time; a later look finds it.
    await clock.advance(6_000)
    expect([...streams.keys()]).toEqual(['b', 'c', 'd'])
  })

  it('reads a task whose stream was refused, and streams it again', async () => {
    const { clock, streams, reads, follower } = tab()
    follower.follow({ live: ['a'], read: [] })
    await clock.advance(0)
    streams.get('a')?.onClosed()
    expect(streams.size).toBe(0)
    await clock.advance(3_000)
    expect(reads).toEqual(['a'])
    expect(streams.size).toBe(1)
  })

  it('only reads what has ended and waits for its bill', async () => {
    const { clock, streams, reads, follower } = tab()
    follower.follow({ live: [], read: ['a'] })
    await clock.advance(3_000)
    expect(reads).toEqual(['a'])
    expect(streams.size).toBe(0)
  })

  it('lets a stream that is open tell the bill', async () => {
    const { clock, streams, reads, follower } = tab()
    follower.follow({ live: ['a'], read: [] })
    await clock.advance(0)
    follower.follow({ live: [], read: ['a'] })
    await clock.advance(3_000)
    expect([...streams.keys()]).toEqual(['a'])
    expect(reads).toEqual([])
  })

  it('asks nothing more once it is stopped', async () => {
    const { clock, streams, reads, follower } = tab()
    follower.follow({ live: ids, read: [] })
    await clock.advance(0)
    follower.stop()
    await clock.advance(30_000)
    expect(streams.size).toBe(0)
    expect(reads).toEqual([])
  })

  it('keeps to two streams where tabs cannot know of each other', async () => {
    const { clock, streams, follower } = tab(null)
    follower.follow({ live: ids, read: [] })
    await clock.advance(3_000)
    expect(streams.size).toBe(2)
    follower.follow({ live: ['e'], read: [] })
    await clock.advance(3_000)
    expect([...streams.keys()]).toEqual(['e'])
  })
})
