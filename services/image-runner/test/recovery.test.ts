import { partKey } from '@sluice/jobs/blob-keys'
import { LOST_CLAIMS_MAX } from '@sluice/jobs/job'
import { sampleId } from '@sluice/jobs/testing/sample-job'
import { describe, expect, it } from 'vitest'

import { mortal } from './mortal.ts'
import { createFixture } from './fixture.ts'

const job = (number: number) => sampleId('img', number)

describe('a runner that dies', () => {
  it('in mid-drawing is noticed, and the job is drawn by another, once paid, once lost', async () => {
    const fixture = createFixture()
    fixture.pool.add(2)
    const victim = mortal(fixture.deps)
    await fixture.start(victim.deps)
    fixture.upstream.takes(30_000)
    await fixture.submit()
    victim.die()
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

  it('after it stored a picture has not drawn in vain: it is found and kept', async () => {
    const fixture = createFixture()
    const victim = mortal(fixture.deps)
    fixture.pool.add(2)
    await fixture.start({
      ...victim.deps,
      blobs: {
        ...fixture.blobs,
        put: async (...put) => {
          const facts = await fixture.blobs.put(...put)
          victim.die()
          return facts
        },
      },
    })
    await fixture.submit()
    expect(await fixture.blobs.stat(partKey(job(1), 0))).toBeDefined()
    expect((await fixture.read()).state).toBe('claimed')
    // Nobody could draw it now, and nobody needs to.
    fixture.pool.setAway(true)
    await fixture.start()
    await fixture.advance(26_000)
    const done = await fixture.read()
    expect(done.state).toBe('done')
    expect(done.parts[0]?.stored?.sha256).toBe(fixture.upstream.generations[0]?.sha256)
    expect(fixture.upstream.generations).toHaveLength(1)
  })

  it('is known to be dead at once where there can be no other', async () => {
    const fixture = createFixture()
    fixture.pool.add(2)
    const victim = mortal(fixture.deps)
    await fixture.start({ ...victim.deps, config: { alone: true } })
    fixture.upstream.takes(10_000)
    await fixture.submit()
    victim.die()
    fixture.upstream.takes(0)
    await fixture.start({ config: { alone: true } })
    await fixture.advance(100)
    expect((await fixture.read()).state).toBe('done')
  })

  it('and takes every successor with it is not followed for ever', async () => {
    const fixture = createFixture()
    fixture.pool.add(100)
    fixture.upstream.takes(10_000)
    await fixture.submit()
    for (let times = 0; times < LOST_CLAIMS_MAX; times += 1) {
      const victim = mortal(fixture.deps)
      await fixture.start({ ...victim.deps, config: { alone: true } })
      await fixture.advance(2_500)
      victim.die()
    }
    await fixture.start({ config: { alone: true } })
    await fixture.advance(100)
    expect(await fixture.read()).toMatchObject({
      state: 'failed',
      failure: { code: 'internal_error' },
    })
  })

  it('sleeps and wakes up again, has lost its job and writes nothing of it', async () => {
    const fixture = createFixture()
    fixture.pool.add(2)
    const sleeper = mortal(fixture.deps)
    await fixture.start(sleeper.deps)
    fixture.upstream.takes(60_000)
    await fixture.submit()
    sleeper.die()
    await fixture.start()
    fixture.upstream.takes(100)
    await fixture.advance(30_000)
    const done = await fixture.read()
    expect(done.state).toBe('done')
    sleeper.wakeUp()
    await fixture.advance(60_000)
    expect(await fixture.read()).toEqual(done)
    const blob = await fixture.blobs.stat(partKey(job(1), 0))
    expect(blob?.sha256).toBe(done.parts[0]?.stored?.sha256)
  })
})

describe('a claim that is taken away', () => {
  it('ends the drawing at the next heartbeat', async () => {
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
    // Its row is found by the sweep, and drawn anew.
    await fixture.advance(2_100)
    expect(await fixture.read()).toMatchObject({ state: 'claimed', attempts: 2 })
  })
})

describe('a wall clock that jumps', () => {
  it('takes no job from a living runner', async () => {
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

describe('a lease that is lost', () => {
  it('ends the call that used it, and another credential is found', async () => {
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

  it('is not assumed while the scheduler is away for a moment, and is when it is away too long', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    await fixture.start()
    let aborted = false
    fixture.upstream.does(async ({ signal }) => {
      signal.addEventListener('abort', () => void (aborted = true))
      await fixture.clock.sleep(600_000, signal)
    })
    await fixture.submit()
    fixture.pool.setAway(true)
    await fixture.advance(15_000)
    fixture.pool.setAway(false)
    await fixture.advance(15_000)
    expect(aborted).toBe(false)
    fixture.pool.setAway(true)
    await fixture.advance(45_000)
    expect(aborted).toBe(true)
  })

  it('is renewed for as long as the drawing takes', async () => {
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
