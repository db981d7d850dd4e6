import { partKey } from '@sluice/jobs/blob-keys'
import { LOST_CLAIMS_MAX } from '@sluice/jobs/job'
import { sampleId } from '@sluice/jobs/testing/sample-job'
import { describe, expect, it } from 'vitest'

import { crashable } from './crashable.ts'
import { createFixture } from './fixture.ts'

const job = (number: number) => sampleId('img', number)

describe('a runner that crashes', () => {
  it('during a generation is detected, and another runner completes the job', async () => {
    const fixture = createFixture()
    fixture.pool.add(2)
    const crashing = crashable(fixture.deps)
    await fixture.start(crashing.deps)
    fixture.upstream.takes(30_000)
    await fixture.submit()
    crashing.crash()
    await fixture.start()
    fixture.upstream.takes(100)
    await fixture.advance(19_000)
    expect((await fixture.read()).state).toBe('claimed')
    await fixture.advance(7_000)
    const done = await fixture.read()
    expect(done).toMatchObject({ state: 'done', attempts: 2, lostClaims: 1 })
    expect(done.parts[0]).toMatchObject({ state: 'stored', generations: 2, unconfirmedCharges: 1 })
    expect(await fixture.factsOf()).toEqual([
      'queued',
      'started',
      'requeued',
      'started',
      'stored',
      'ended',
    ])
  })

  it('after it stored a picture loses nothing: another runner adopts the picture', async () => {
    const fixture = createFixture()
    const crashing = crashable(fixture.deps)
    fixture.pool.add(2)
    await fixture.start({
      ...crashing.deps,
      blobs: {
        ...fixture.blobs,
        put: async (...put) => {
          const facts = await fixture.blobs.put(...put)
          crashing.crash()
          return facts
        },
      },
    })
    await fixture.submit()
    expect(await fixture.blobs.stat(partKey(job(1), 0))).toBeDefined()
    expect((await fixture.read()).state).toBe('claimed')
    // No lease can be granted now, and none is needed.
    fixture.pool.setUnavailable(true)
    await fixture.start()
    await fixture.advance(26_000)
    const done = await fixture.read()
    expect(done.state).toBe('done')
    expect(done.parts[0]?.stored?.sha256).toBe(fixture.upstream.generations[0]?.sha256)
    expect(fixture.upstream.generations).toHaveLength(1)
  })

  it('is detected at once by the only other runner', async () => {
    const fixture = createFixture()
    fixture.pool.add(2)
    const crashing = crashable(fixture.deps)
    await fixture.start({ ...crashing.deps, config: { alone: true } })
    fixture.upstream.takes(10_000)
    await fixture.submit()
    crashing.crash()
    fixture.upstream.takes(0)
    await fixture.start({ config: { alone: true } })
    await fixture.advance(100)
    expect((await fixture.read()).state).toBe('done')
  })

  it('together with every successor makes the job fail after LOST_CLAIMS_MAX losses', async () => {
    const fixture = createFixture()
    fixture.pool.add(100)
    fixture.upstream.takes(10_000)
    await fixture.submit()
    for (let times = 0; times < LOST_CLAIMS_MAX; times += 1) {
      const crashing = crashable(fixture.deps)
      await fixture.start({ ...crashing.deps, config: { alone: true } })
      await fixture.advance(2_500)
      crashing.crash()
    }
    await fixture.start({ config: { alone: true } })
    await fixture.advance(100)
    expect(await fixture.read()).toMatchObject({
      state: 'failed',
      failure: { code: 'internal_error' },
    })
  })

  it('and resumes later has lost its claim and writes nothing', async () => {
    const fixture = createFixture()
    fixture.pool.add(2)
    const paused = crashable(fixture.deps)
    await fixture.start(paused.deps)
    fixture.upstream.takes(60_000)
    await fixture.submit()
    paused.crash()
    await fixture.start()
    fixture.upstream.takes(100)
    await fixture.advance(30_000)
    const done = await fixture.read()
    expect(done.state).toBe('done')
    paused.resume()
    await fixture.advance(60_000)
    expect(await fixture.read()).toEqual(done)
    const blob = await fixture.blobs.stat(partKey(job(1), 0))
    expect(blob?.sha256).toBe(done.parts[0]?.stored?.sha256)
  })
})

describe('a lost claim', () => {
  it('aborts the generation at the next heartbeat', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    await fixture.start()
    fixture.upstream.takes(600_000)
    await fixture.submit()
    const { fence, heartbeatAt } = await fixture.read()
    if (heartbeatAt) {
      const now = fixture.clock.now()
      await fixture.store.requeueLost({ jobId: job(1), fence, heartbeatAt, now })
    }
    await fixture.advance(4_000)
    expect(fixture.upstream.running()).toBe(1)
    await fixture.advance(1_100)
    expect([fixture.upstream.running(), fixture.pool.held()]).toEqual([0, 0])
    // The sweep finds the queued job, and it is generated again.
    await fixture.advance(2_100)
    expect(await fixture.read()).toMatchObject({ state: 'claimed', attempts: 2 })
  })
})

describe('a wall clock that jumps', () => {
  it('takes no job from a running runner', async () => {
    const fixture = createFixture()
    fixture.pool.add(2)
    await fixture.start()
    let offsetMs = 0
    const clock = {
      ...fixture.clock,
      now: () => new Date(fixture.clock.nowMs() + offsetMs),
      nowMs: () => fixture.clock.nowMs() + offsetMs,
    }
    await fixture.start({ clock })
    fixture.upstream.takes(40_000)
    await fixture.submit({ lastsMs: 400 * 86_400_000 })
    for (const hours of [1, -1, 24, 100 * 24]) {
      offsetMs = hours * 3_600_000
      await fixture.advance(9_000)
    }
    await fixture.advance(10_000)
    expect(await fixture.read()).toMatchObject({ state: 'done', attempts: 1 })
  })
})

describe('a lease', () => {
  it('that is lost aborts its call, which is retried with another credential', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    await fixture.start()
    fixture.upstream.does(async ({ signal }) => {
      if (fixture.upstream.generations.length === 1) await fixture.clock.sleep(600_000, signal)
    })
    await fixture.submit()
    fixture.pool.loseAll()
    await fixture.advance(11_000)
    const done = await fixture.read()
    expect(done).toMatchObject({ state: 'done', parts: [{ unconfirmedCharges: 1 }] })
  })

  it('is lost only when the scheduler is unavailable for longer than its duration', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    await fixture.start()
    let aborted = false
    fixture.upstream.does(async ({ signal }) => {
      signal.addEventListener('abort', () => void (aborted = true))
      await fixture.clock.sleep(600_000, signal)
    })
    await fixture.submit()
    fixture.pool.setUnavailable(true)
    await fixture.advance(15_000)
    fixture.pool.setUnavailable(false)
    await fixture.advance(15_000)
    expect(aborted).toBe(false)
    fixture.pool.setUnavailable(true)
    await fixture.advance(45_000)
    expect(aborted).toBe(true)
  })

  it('is renewed during a long generation', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    await fixture.start()
    fixture.upstream.takes(120_000)
    await fixture.submit()
    await fixture.advance(120_100)
    expect((await fixture.read()).state).toBe('done')
    expect(fixture.upstream.generations).toHaveLength(1)
  })
})
