import type { HolderMove } from '@sluice/jobs/holder-moves'
import { createMemoryJobStore } from '@sluice/jobs/memory-job-store'
import { sampleId, sampleJob, samplePart } from '@sluice/jobs/testing/sample-job'
import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { describe, expect, it } from 'vitest'

import { holdJob } from './held-job.ts'

async function setUp({ lastsMs = 60_000 } = {}) {
  const clock = fakeClock()
  const store = createMemoryJobStore()
  const log = recordedLog()
  const { job } = await store.submit(
    sampleJob({ now: clock.now(), lastsMs, request: { count: 3 } }),
    clock.now(),
  )
  const claimed = await store.claim({
    jobId: job.id,
    runner: sampleId('run', 1),
    slots: 3,
    now: clock.now(),
  })
  assert(claimed, 'the job was not claimed')
  const published: number[] = []
  const batches: number[] = []
  let fail: Error | undefined
  const held = holdJob(
    {
      clock,
      log,
      announce: async (_job, events) => void published.push(...events.map(({ seq }) => seq)),
      store: {
        write: async (input) => {
          batches.push(input.moves.length)
          if (fail) throw fail
          return store.write(input)
        },
      },
    },
    claimed,
  )
  const storePart = (index: number): HolderMove => ({
    type: 'store',
    stored: samplePart(job.id, index),
  })
  const lose = async () => {
    const { heartbeatAt, fence } = claimed.job
    assert(heartbeatAt, 'a claim has a heartbeat')
    await store.requeueLost({ jobId: job.id, fence, heartbeatAt, now: clock.now() })
  }
  return {
    clock,
    store,
    log,
    held,
    storePart,
    lose,
    published,
    batches,
    failWith: (error: Error | undefined) => void (fail = error),
  }
}

describe('a held job', () => {
  it('writes concurrent moves in one transaction, and publishes all events in order', async () => {
    const { held, storePart, published, batches } = await setUp()
    const writes = [0, 1, 2].map((index) => held.write(storePart(index)))
    expect(await Promise.all(writes)).toEqual([true, true, true])
    await held.close()
    expect(batches).toEqual([1, 2])
    expect(held.job.state).toBe('done')
    expect(published).toEqual([2, 3, 4, 5, 6])
  })

  it('stops when its claim is lost, and writes nothing afterwards', async () => {
    const { held, storePart, lose, batches, store } = await setUp()
    await lose()
    expect(await held.write(storePart(0))).toBe(false)
    expect([held.stopped, held.signal.aborted]).toEqual(['lost', true])
    expect(await held.write(storePart(1))).toBe(false)
    expect(batches).toEqual([1])
    expect((await store.load(held.job.id))?.parts.every(({ stored }) => !stored)).toBe(true)
    await held.close()
  })

  it('retries while the database is unavailable', async () => {
    const { held, storePart, clock, failWith, batches } = await setUp()
    failWith(new AppError('unavailable', 'the database is unavailable'))
    const write = held.write(storePart(0))
    for (let seconds = 0; seconds < 3; seconds += 1) await clock.advance(1_000)
    failWith(undefined)
    await clock.advance(5_000)
    expect(await write).toBe(true)
    expect(batches.length).toBeGreaterThan(2)
    await held.close()
  })

  it('gives up a job after a permanent write error, or after its deadline', async () => {
    const broken = await setUp()
    broken.failWith(new Error('a bug'))
    expect(await broken.held.write(broken.storePart(0))).toBe(false)
    expect(broken.held.stopped).toBe('lost')

    const late = await setUp({ lastsMs: 1_000 })
    late.failWith(new AppError('unavailable', 'the database is unavailable'))
    const write = late.held.write(late.storePart(0))
    for (let seconds = 0; seconds < 60; seconds += 1) await late.clock.advance(1_000)
    expect(await write).toBe(false)
    expect(late.held.stopped).toBe('lost')
  })

  it('stops at its deadline, and can still write the failures', async () => {
    const { held, clock } = await setUp({ lastsMs: 10_000 })
    await clock.advance(9_999)
    expect(held.stopped).toBeUndefined()
    await clock.advance(1)
    expect(held.stopped).toBe('deadline')
    const failure = { code: 'upstream_timeout', message: 'late' }
    expect(await held.write({ type: 'fail', index: 0, failure })).toBe(true)
    held.stop('drain')
    expect(held.stopped).toBe('deadline')
    held.stop('lost')
    expect(held.stopped).toBe('lost')
    await held.close()
  })
})
