import { sampleId } from '@sluice/jobs/testing/sample-job'
import { describe, expect, it } from 'vitest'

import { createWorld } from './world.ts'

const job = (number: number) => sampleId('img', number)

describe('a job that finds no free credential', () => {
  it('stays queued, is nobody’s, and is drawn as soon as one is free', async () => {
    const world = createWorld()
    world.pool.add(1)
    await world.start()
    world.upstream.takes(1_000)
    await world.submit({ number: 1 })
    await world.submit({ number: 2 })
    expect(await world.read(job(2))).toMatchObject({ state: 'queued', runner: null, attempts: 0 })
    expect(await world.store.queuePosition(job(2))).toBe(1)
    await world.advance(1_000)
    expect((await world.read(job(1))).state).toBe('done')
    expect((await world.read(job(2))).state).toBe('claimed')
    await world.advance(1_000)
    expect((await world.read(job(2))).state).toBe('done')
  })

  it('is drawn although nobody says that a credential came free', async () => {
    const world = createWorld({ fault: ({ name, text }) => (name === 'lease-freed' ? [] : [text]) })
    world.pool.add(1)
    // Somebody else's lease, which just ends.
    const { scheduler } = world.pool
    await scheduler.grantLease({
      model: 'gpt-image-1',
      kind: 'image',
      holder: sampleId('run', 9),
      ttlMs: 4_000,
      exclude: [],
    })
    await world.start()
    await world.submit()
    await world.advance(3_900)
    expect((await world.read()).state).toBe('queued')
    await world.advance(1_200)
    expect((await world.read()).state).toBe('done')
  })

  it('waits while the scheduler is away, and is drawn when it is back', async () => {
    const world = createWorld()
    world.pool.add(1)
    world.pool.setAway(true)
    await world.start()
    await world.submit()
    await world.advance(10_000)
    expect((await world.read()).state).toBe('queued')
    world.pool.setAway(false)
    await world.advance(1_100)
    expect((await world.read()).state).toBe('done')
  })

  it('fails after a while, truthfully, when nothing serves its model', async () => {
    const world = createWorld()
    await world.start()
    await world.submit({ request: { count: 2 } })
    await world.advance(3_000)
    expect((await world.read()).state).toBe('queued')
    await world.advance(2_000)
    expect(await world.read()).toMatchObject({
      state: 'failed',
      failure: { code: 'overloaded' },
      parts: [{ state: 'failed' }, { state: 'failed' }],
    })
  })

  it('is drawn when the pool was only empty for a moment', async () => {
    const world = createWorld()
    await world.start()
    await world.submit()
    await world.advance(1_500)
    world.pool.add()
    await world.advance(1_000)
    expect((await world.read()).state).toBe('done')
  })

  it('waits once, however often it is announced', async () => {
    const world = createWorld({ fault: ({ text }) => [text, text, text] })
    world.pool.add(1)
    await world.start()
    world.upstream.takes(1_000)
    await world.submit({ number: 1 })
    await world.submit({ number: 2 })
    const before = world.pool.asked()
    await world.advance(900)
    // By the scheduler's word it comes back once a second, not once for every hint.
    expect(world.pool.asked() - before).toBeLessThanOrEqual(1)
    await world.advance(2_100)
    expect(world.upstream.drawings).toHaveLength(2)
  })

  it('is dropped when it was cancelled', async () => {
    const world = createWorld()
    world.pool.add(1)
    await world.start()
    world.upstream.takes(1_000)
    await world.submit({ number: 1 })
    await world.submit({ number: 2 })
    expect((await world.store.cancel(job(2), world.clock.now())).outcome).toBe('cancelled')
    await world.bus.announce('image-job-cancelled', { jobId: job(2) })
    await world.advance(5_000)
    expect(world.upstream.drawings).toHaveLength(1)
    expect((await world.read(job(2))).state).toBe('cancelled')
    expect(world.pool.held()).toBe(0)
  })
})

describe('a crowd', () => {
  it('of one wallet does not stand before another wallet’s only job', async () => {
    const world = createWorld()
    world.pool.add(1)
    await world.start()
    world.upstream.takes(1_000)
    for (let number = 1; number <= 50; number += 1) await world.submit({ number, wallet: 1 })
    await world.submit({ number: 51, wallet: 2 })
    await world.advance(3_100)
    expect((await world.read(job(51))).state).toBe('done')
  })

  it('larger than the waiting room waits in its rows, and loses nobody', async () => {
    const world = createWorld()
    world.pool.add(2)
    await world.start({ config: { waitingJobsMax: 5 } })
    world.upstream.takes(200)
    for (let number = 1; number <= 40; number += 1) {
      await world.submit({ number, wallet: 1 + (number % 3) })
    }
    await world.advance(10_000)
    for (let number = 1; number <= 40; number += 1) {
      expect((await world.read(job(number))).state).toBe('done')
    }
    expect(world.upstream.drawings).toHaveLength(40)
  })

  it('is shared by runners without a job being drawn twice', async () => {
    const world = createWorld({ fault: ({ text }) => [text, text] })
    world.pool.add(3)
    for (let runners = 0; runners < 3; runners += 1) await world.start()
    world.upstream.takes(300)
    for (let number = 1; number <= 30; number += 1) await world.submit({ number })
    await world.advance(5_000)
    expect(world.upstream.drawings).toHaveLength(30)
    expect(world.upstream.mostAtOnce('secret-1')).toBe(3)
    for (let number = 1; number <= 30; number += 1) {
      expect(await world.factsOf(job(number))).toEqual(['queued', 'started', 'stored', 'ended'])
    }
  })
})

describe('the sweep', () => {
  it('finds a job that nobody was told of', async () => {
    const world = createWorld()
    world.pool.add()
    await world.start()
    await world.write()
    await world.advance(1_900)
    expect((await world.read()).state).toBe('queued')
    await world.advance(2_200)
    expect((await world.read()).state).toBe('done')
  })

  it('makes a quiet runner ask the database no more than every two seconds', async () => {
    const world = createWorld()
    world.pool.add()
    let asked = 0
    const store = new Proxy(world.store, {
      get: (target, verb, receiver) => {
        asked += 1
        return Reflect.get(target, verb, receiver)
      },
    })
    await world.start({ store })
    await world.advance(60_000)
    // The queue every 2 s; claims and deadlines every 5 s; blobs every minute.
    expect(asked).toBeLessThanOrEqual(30 + 12 + 12 + 1)
  })
})
