import { createMemoryBus } from '@sluice/bus/memory-bus'
import type { ImageJobEvent } from '@sluice/contracts/events'
import { assert } from '@sluice/kernel/assert'
import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { describe, expect, it } from 'vitest'

import type { HolderMove } from './holder-moves.ts'
import type { JobRecord } from './job-record.ts'
import type { WatchInput } from './job-hub.ts'
import { createJobHub } from './job-hub.ts'
import { createMemoryJobStore } from './memory-job-store.ts'
import { sampleId, sampleJob, samplePart } from './testing/sample-job.ts'

async function setUp() {
  const clock = fakeClock()
  const store = createMemoryJobStore()
  // What becomes of a message on its way, by its number.
  let fate: (seq: number, text: string) => string[] = (_seq, text) => [text]
  const bus = createMemoryBus({
    clock,
    random: seededRandom(1),
    fault: ({ text }) => fate(Number(/"seq":(\d+)/.exec(text)?.[1]), text),
  })
  let queries = 0
  let away = false
  const log = recordedLog()
  const hub = createJobHub({
    bus,
    clock,
    log,
    store: {
      readEventsOfMany: async (query) => {
        queries += 1
        if (away) throw new Error('the database is away')
        return store.readEventsOfMany(query)
      },
    },
  })
  await hub.start()

  const announce = async (events: readonly ImageJobEvent[]) => {
    for (const event of events) await bus.announce('image-job-event', event)
    await clock.advance(0)
  }
  const submit = (number = 1) =>
    store.submit(
      sampleJob({ number, now: clock.now(), request: { count: 3, partialImages: 3 } }),
      clock.now(),
    )
  const claim = async (jobId: string) => {
    const runner = sampleId('run', 1)
    const claimed = await store.claim({ jobId, runner, slots: 9, now: clock.now() })
    assert(claimed, 'not to be had')
    return claimed
  }
  const write = async (held: JobRecord, ...moves: HolderMove[]) => {
    const moved = await store.write({ held, moves, now: clock.now() })
    assert(moved !== 'lost', 'lost')
    return moved
  }
  const keep = (jobId: string, index: number): HolderMove => ({
    type: 'keep',
    stored: samplePart(jobId, index),
  })
  /** Starts to watch, and collects what is heard. */
  const watch = (input: Partial<WatchInput> & { jobId: string }) => {
    const stop = new AbortController()
    const heard: number[] = []
    const events = hub.watch({ afterSeq: 0, signal: stop.signal, ...input })
    let over = false
    const done = (async () => {
      for await (const { seq } of events) heard.push(seq)
      over = true
    })()
    return { heard, stop, done, isOver: () => over }
  }
  return {
    clock,
    store,
    hub,
    log,
    announce,
    submit,
    claim,
    write,
    keep,
    watch,
    queries: () => queries,
    goAway: (gone: boolean) => void (away = gone),
    onTheWay: (change: typeof fate) => void (fate = change),
  }
}

describe('the hub of job events', () => {
  it('brings a submitter every event of its job without a single query', async () => {
    const { submit, claim, write, keep, watch, announce, queries, hub } = await setUp()
    const { job, events } = await submit()
    const watcher = watch({ jobId: job.id, known: events })
    const claimed = await claim(job.id)
    await announce(claimed.events)
    const moved = await write(claimed.job, keep(job.id, 0), keep(job.id, 1), keep(job.id, 2))
    await announce(moved.events)
    await watcher.done
    expect(watcher.heard).toEqual([1, 2, 3, 4, 5, 6])
    expect(queries()).toBe(0)
    expect(hub.size).toBe(0)
  })

  it('brings a late watcher what happened before, then what happens, each once', async () => {
    const { submit, claim, write, keep, watch, announce, clock, queries } = await setUp()
    const { job } = await submit()
    const claimed = await claim(job.id)
    const watcher = watch({ jobId: job.id })
    await clock.advance(0)
    expect(watcher.heard).toEqual([1, 2])
    await announce(claimed.events)
    const { job: held, events } = await write(claimed.job, keep(job.id, 0))
    await announce([...events, ...events])
    expect(watcher.heard).toEqual([1, 2, 3])
    expect(queries()).toBe(1)
    await announce((await write(held, keep(job.id, 1), keep(job.id, 2))).events)
    await watcher.done
    expect(watcher.heard).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('waits a moment for a message that was overtaken, and reads the row of one that was lost', async () => {
    const { submit, claim, write, keep, watch, announce, clock, queries, onTheWay } = await setUp()
    const { job, events } = await submit()
    const watcher = watch({ jobId: job.id, known: events })
    const claimed = await claim(job.id)
    const first = await write(claimed.job, keep(job.id, 0))
    await announce(first.events)
    expect(watcher.heard).toEqual([1])
    await announce(claimed.events)
    expect(watcher.heard).toEqual([1, 2, 3])
    expect(queries()).toBe(0)

    onTheWay((seq, text) => (seq === 4 ? [] : [text, text]))
    const { events: last } = await write(first.job, keep(job.id, 1), keep(job.id, 2))
    await announce(last)
    expect(watcher.heard).toEqual([1, 2, 3])
    await clock.advance(300)
    expect(watcher.heard).toEqual([1, 2, 3, 4, 5, 6])
    expect(queries()).toBe(1)
    await watcher.done
  })

  it('loses nothing while the bus is away, and asks once for everybody every two seconds', async () => {
    const { submit, claim, watch, clock, queries, onTheWay, announce } = await setUp()
    onTheWay(() => [])
    const jobs = [await submit(1), await submit(2)]
    const watchers = jobs.map(({ job, events }) => watch({ jobId: job.id, known: events }))
    for (const { job } of jobs) await announce((await claim(job.id)).events)
    await clock.advance(1_500)
    expect(watchers.map(({ heard }) => heard)).toEqual([[1], [1]])
    await clock.advance(1_000)
    expect(watchers.map(({ heard }) => heard)).toEqual([
      [1, 2],
      [1, 2],
    ])
    expect(queries()).toBe(1)
    await clock.advance(4_000)
    expect(queries()).toBeLessThanOrEqual(3)
    for (const { stop, done } of watchers) {
      stop.abort()
      await done
    }
  })

  it('goes on by the bus while the database is away, and says so in the log', async () => {
    const { submit, claim, watch, clock, announce, goAway, log } = await setUp()
    const { job, events } = await submit()
    goAway(true)
    const watcher = watch({ jobId: job.id, known: events })
    await clock.advance(5_000)
    expect(log.lines.map(({ level }) => level)).toContain('warn')
    await announce((await claim(job.id)).events)
    expect(watcher.heard).toEqual([1, 2])
    watcher.stop.abort()
    await watcher.done
  })

  it('resumes after a number, and is over at once for a reader who has heard the end', async () => {
    const { submit, claim, write, keep, watch, clock, hub } = await setUp()
    const { job } = await submit()
    const { job: held } = await claim(job.id)
    await write(held, keep(job.id, 0), keep(job.id, 1), keep(job.id, 2))
    const resumed = watch({ jobId: job.id, afterSeq: 4 })
    const returned = watch({ jobId: job.id, afterSeq: 6 })
    await clock.advance(10)
    expect(resumed.heard).toEqual([5, 6])
    expect(returned.heard).toEqual([])
    expect([resumed.isOver(), returned.isOver(), hub.size]).toEqual([true, true, 0])
  })

  it('ends quietly when the watcher leaves, is aborted, or the hub stops', async () => {
    const { submit, watch, hub, clock } = await setUp()
    const { job, events } = await submit()
    const input = { jobId: job.id, known: events }
    const aborted = watch(input)
    const stopped = watch(input)
    const gone = watch({ ...input, signal: AbortSignal.abort() })
    for await (const event of hub.watch({
      ...input,
      afterSeq: 0,
      signal: new AbortController().signal,
    })) {
      expect(event.seq).toBe(1)
      break
    }
    expect(hub.size).toBe(2)
    aborted.stop.abort()
    await aborted.done
    await gone.done
    await hub.stop()
    await stopped.done
    expect([aborted.heard, stopped.heard, hub.size]).toEqual([[1], [1], 0])
    await clock.advance(10_000)
  })

  it('makes no query and keeps no timer while nobody watches', async () => {
    const { submit, claim, announce, clock, queries } = await setUp()
    const { job } = await submit()
    await announce((await claim(job.id)).events)
    await clock.advance(60_000)
    expect(queries()).toBe(0)
  })
})
