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
  // The deliveries of a message, by its event number: none, one or several.
  let deliver: (seq: number, text: string) => string[] = (_seq, text) => [text]
  const bus = createMemoryBus({
    clock,
    random: seededRandom(1),
    fault: ({ text }) => deliver(Number(/"seq":(\d+)/.exec(text)?.[1]), text),
  })
  let queries = 0
  let isUnavailable = false
  const log = recordedLog()
  const hub = createJobHub({
    bus,
    clock,
    log,
    store: {
      readEventsOfMany: async (query) => {
        queries += 1
        if (isUnavailable) throw new Error('the database is unavailable')
        return store.readEventsOfMany(query)
      },
    },
  })
  await hub.start()

  const publish = async (events: readonly ImageJobEvent[]) => {
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
    assert(claimed, 'the job was not claimed')
    return claimed
  }
  const write = async (held: JobRecord, ...moves: HolderMove[]) => {
    const transition = await store.write({ held, moves, now: clock.now() })
    assert(transition !== 'lost', 'lost')
    return transition
  }
  const storePart = (jobId: string, index: number): HolderMove => ({
    type: 'store',
    stored: samplePart(jobId, index),
  })
  /** Starts to watch, and collects the numbers of the received events. */
  const watch = (input: Partial<WatchInput> & { jobId: string }) => {
    const stop = new AbortController()
    const received: number[] = []
    const events = hub.watch({ afterSeq: 0, signal: stop.signal, ...input })
    let over = false
    const done = (async () => {
      for await (const { seq } of events) received.push(seq)
      over = true
    })()
    return { received, stop, done, isOver: () => over }
  }
  return {
    clock,
    store,
    hub,
    log,
    publish,
    submit,
    claim,
    write,
    storePart,
    watch,
    queries: () => queries,
    setUnavailable: (value: boolean) => void (isUnavailable = value),
    deliverBy: (change: typeof deliver) => void (deliver = change),
  }
}

describe('the hub of job events', () => {
  it('delivers every event of its job to a submitter without a query', async () => {
    const { submit, claim, write, storePart, watch, publish, queries, hub } = await setUp()
    const { job, events } = await submit()
    const watcher = watch({ jobId: job.id, known: events })
    const claimed = await claim(job.id)
    await publish(claimed.events)
    const transition = await write(
      claimed.job,
      storePart(job.id, 0),
      storePart(job.id, 1),
      storePart(job.id, 2),
    )
    await publish(transition.events)
    await watcher.done
    expect(watcher.received).toEqual([1, 2, 3, 4, 5, 6])
    expect(queries()).toBe(0)
    expect(hub.size).toBe(0)
  })

  it('delivers earlier events, then new ones, to a late watcher, each once', async () => {
    const { submit, claim, write, storePart, watch, publish, clock, queries } = await setUp()
    const { job } = await submit()
    const claimed = await claim(job.id)
    const watcher = watch({ jobId: job.id })
    await clock.advance(0)
    expect(watcher.received).toEqual([1, 2])
    await publish(claimed.events)
    const { job: held, events } = await write(claimed.job, storePart(job.id, 0))
    await publish([...events, ...events])
    expect(watcher.received).toEqual([1, 2, 3])
    expect(queries()).toBe(1)
    await publish((await write(held, storePart(job.id, 1), storePart(job.id, 2))).events)
    await watcher.done
    expect(watcher.received).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('waits briefly for a reordered message, and reads the row of a lost one', async () => {
    const { submit, claim, write, storePart, watch, publish, clock, queries, deliverBy } =
      await setUp()
    const { job, events } = await submit()
    const watcher = watch({ jobId: job.id, known: events })
    const claimed = await claim(job.id)
    const first = await write(claimed.job, storePart(job.id, 0))
    await publish(first.events)
    expect(watcher.received).toEqual([1])
    await publish(claimed.events)
    expect(watcher.received).toEqual([1, 2, 3])
    expect(queries()).toBe(0)

    deliverBy((seq, text) => (seq === 4 ? [] : [text, text]))
    const { events: last } = await write(first.job, storePart(job.id, 1), storePart(job.id, 2))
    await publish(last)
    expect(watcher.received).toEqual([1, 2, 3])
    await clock.advance(300)
    expect(watcher.received).toEqual([1, 2, 3, 4, 5, 6])
    expect(queries()).toBe(1)
    await watcher.done
  })

  it('delivers from the rows without the bus, by one query for all watchers every two seconds', async () => {
    const { submit, claim, watch, clock, queries, deliverBy, publish } = await setUp()
    deliverBy(() => [])
    const jobs = [await submit(1), await submit(2)]
    const watchers = jobs.map(({ job, events }) => watch({ jobId: job.id, known: events }))
    for (const { job } of jobs) await publish((await claim(job.id)).events)
    await clock.advance(1_500)
    expect(watchers.map(({ received }) => received)).toEqual([[1], [1]])
    await clock.advance(1_000)
    expect(watchers.map(({ received }) => received)).toEqual([
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

  it('delivers from the bus while the database is unavailable, and logs a warning', async () => {
    const { submit, claim, watch, clock, publish, setUnavailable, log } = await setUp()
    const { job, events } = await submit()
    setUnavailable(true)
    const watcher = watch({ jobId: job.id, known: events })
    await clock.advance(5_000)
    expect(log.lines.map(({ level }) => level)).toContain('warn')
    await publish((await claim(job.id)).events)
    expect(watcher.received).toEqual([1, 2])
    watcher.stop.abort()
    await watcher.done
  })

  it('resumes after a number, and ends at once for a reader that has the last event', async () => {
    const { submit, claim, write, storePart, watch, clock, hub } = await setUp()
    const { job } = await submit()
    const { job: held } = await claim(job.id)
    await write(held, storePart(job.id, 0), storePart(job.id, 1), storePart(job.id, 2))
    const resumed = watch({ jobId: job.id, afterSeq: 4 })
    const returned = watch({ jobId: job.id, afterSeq: 6 })
    await clock.advance(10)
    expect(resumed.received).toEqual([5, 6])
    expect(returned.received).toEqual([])
    expect([resumed.isOver(), returned.isOver(), hub.size]).toEqual([true, true, 0])
  })

  it('ends without an error when the watcher stops reading, is aborted, or the hub stops', async () => {
    const { submit, watch, hub, clock } = await setUp()
    const { job, events } = await submit()
    const input = { jobId: job.id, known: events }
    const aborted = watch(input)
    const stopped = watch(input)
    const value = watch({ ...input, signal: AbortSignal.abort() })
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
    await value.done
    await hub.stop()
    await stopped.done
    expect([aborted.received, stopped.received, hub.size]).toEqual([[1], [1], 0])
    await clock.advance(10_000)
  })

  it('makes no query and has no timer without watchers', async () => {
    const { submit, claim, publish, clock, queries } = await setUp()
    const { job } = await submit()
    await publish((await claim(job.id)).events)
    await clock.advance(60_000)
    expect(queries()).toBe(0)
  })
})
