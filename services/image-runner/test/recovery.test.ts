import { partKey } from '@sluice/jobs/blob-keys'
import { LOST_CLAIMS_MAX } from '@sluice/jobs/job'
import { sampleId } from '@sluice/jobs/testing/sample-job'
import { describe, expect, it } from 'vitest'

import { mortal } from './mortal.ts'
import { createWorld } from './world.ts'

const job = (number: number) => sampleId('img', number)

describe('a runner that dies', () => {
  it('in mid-drawing is noticed, and the job is drawn by another, once paid, once lost', async () => {
    const world = createWorld()
    world.pool.add(2)
    const victim = mortal(world.deps)
    await world.start(victim.deps)
    world.upstream.takes(30_000)
    await world.submit()
    victim.die()
    await world.start()
    world.upstream.takes(100)
    await world.advance(19_000)
    expect((await world.read()).state).toBe('claimed')
    await world.advance(7_000)
    const done = await world.read()
    expect(done).toMatchObject({ state: 'done', attempts: 2, lostClaims: 1 })
    expect(done.parts[0]).toMatchObject({ state: 'kept', draws: 2, possibleLosses: 1 })
    expect(await world.factsOf()).toEqual([
      'queued',
      'started',
      'requeued',
      'started',
      'stored',
      'ended',
    ])
  })

  it('after it stored a picture has not drawn in vain: it is found and kept', async () => {
    const world = createWorld()
    const victim = mortal(world.deps)
    world.pool.add(2)
    await world.start({
      ...victim.deps,
      blobs: {
        ...world.blobs,
        put: async (...put) => {
          const facts = await world.blobs.put(...put)
          victim.die()
          return facts
        },
      },
    })
    await world.submit()
    expect(await world.blobs.stat(partKey(job(1), 0))).toBeDefined()
    expect((await world.read()).state).toBe('claimed')
    // Nobody could draw it now, and nobody needs to.
    world.pool.setAway(true)
    await world.start()
    await world.advance(26_000)
    const done = await world.read()
    expect(done.state).toBe('done')
    expect(done.parts[0]?.stored?.sha256).toBe(world.upstream.drawings[0]?.sha256)
    expect(world.upstream.drawings).toHaveLength(1)
  })

  it('is known to be dead at once where there can be no other', async () => {
    const world = createWorld()
    world.pool.add(2)
    const victim = mortal(world.deps)
    await world.start({ ...victim.deps, config: { alone: true } })
    world.upstream.takes(10_000)
    await world.submit()
    victim.die()
    world.upstream.takes(0)
    await world.start({ config: { alone: true } })
    await world.advance(100)
    expect((await world.read()).state).toBe('done')
  })

  it('and takes every successor with it is not followed for ever', async () => {
    const world = createWorld()
    world.pool.add(100)
    world.upstream.takes(10_000)
    await world.submit()
    for (let times = 0; times < LOST_CLAIMS_MAX; times += 1) {
      const victim = mortal(world.deps)
      await world.start({ ...victim.deps, config: { alone: true } })
      await world.advance(2_500)
      victim.die()
    }
    await world.start({ config: { alone: true } })
    await world.advance(100)
    expect(await world.read()).toMatchObject({
      state: 'failed',
      failure: { code: 'internal_error' },
    })
  })

  it('sleeps and wakes up again, has lost its job and writes nothing of it', async () => {
    const world = createWorld()
    world.pool.add(2)
    const sleeper = mortal(world.deps)
    await world.start(sleeper.deps)
    world.upstream.takes(60_000)
    await world.submit()
    sleeper.die()
    await world.start()
    world.upstream.takes(100)
    await world.advance(30_000)
    const done = await world.read()
    expect(done.state).toBe('done')
    sleeper.wakeUp()
    await world.advance(60_000)
    expect(await world.read()).toEqual(done)
    const blob = await world.blobs.stat(partKey(job(1), 0))
    expect(blob?.sha256).toBe(done.parts[0]?.stored?.sha256)
  })
})

describe('a claim that is taken away', () => {
  it('ends the drawing at the next heartbeat', async () => {
    const world = createWorld()
    world.pool.add(1)
    await world.start()
    world.upstream.takes(600_000)
    await world.submit()
    const { fence, heartbeatAt } = await world.read()
    if (heartbeatAt) {
      const now = world.clock.now()
      await world.store.requeueLost({ jobId: job(1), fence, heartbeatAt, now })
    }
    await world.advance(4_000)
    expect(world.upstream.running()).toBe(1)
    await world.advance(1_100)
    expect([world.upstream.running(), world.pool.held()]).toEqual([0, 0])
    // Its row is found by the sweep, and drawn anew.
    await world.advance(2_100)
    expect(await world.read()).toMatchObject({ state: 'claimed', attempts: 2 })
  })
})

describe('a wall clock that jumps', () => {
  it('takes no job from a living runner', async () => {
    const world = createWorld()
    world.pool.add(2)
    await world.start()
    let offsetMs = 0
    const clock = {
      ...world.clock,
      now: () => new Date(world.clock.nowMs() + offsetMs),
      nowMs: () => world.clock.nowMs() + offsetMs,
    }
    await world.start({ clock })
    world.upstream.takes(40_000)
    await world.submit({ lastsMs: 400 * 86_400_000 })
    for (const hours of [1, -1, 24, 100 * 24]) {
      offsetMs = hours * 3_600_000
      await world.advance(9_000)
    }
    await world.advance(10_000)
    expect(await world.read()).toMatchObject({ state: 'done', attempts: 1 })
  })
})

describe('a lease that is lost', () => {
  it('ends the call that used it, and another credential is found', async () => {
    const world = createWorld()
    world.pool.add(1)
    await world.start()
    world.upstream.does(async ({ signal }) => {
      if (world.upstream.drawings.length === 1) await world.clock.sleep(600_000, signal)
    })
    await world.submit()
    world.pool.loseAll()
    await world.advance(11_000)
    const done = await world.read()
    expect(done).toMatchObject({ state: 'done', parts: [{ possibleLosses: 1 }] })
  })

  it('is not assumed while the scheduler is away for a moment, and is when it is away too long', async () => {
    const world = createWorld()
    world.pool.add(1)
    await world.start()
    let aborted = false
    world.upstream.does(async ({ signal }) => {
      signal.addEventListener('abort', () => void (aborted = true))
      await world.clock.sleep(600_000, signal)
    })
    await world.submit()
    world.pool.setAway(true)
    await world.advance(15_000)
    world.pool.setAway(false)
    await world.advance(15_000)
    expect(aborted).toBe(false)
    world.pool.setAway(true)
    await world.advance(45_000)
    expect(aborted).toBe(true)
  })

  it('is renewed for as long as the drawing takes', async () => {
    const world = createWorld()
    world.pool.add(1)
    await world.start()
    world.upstream.takes(120_000)
    await world.submit()
    await world.advance(120_100)
    expect((await world.read()).state).toBe('done')
    expect(world.upstream.drawings).toHaveLength(1)
  })
})
