import { sampleId } from '@sluice/jobs/testing/sample-job'
import { describe, expect, it } from 'vitest'

import { createFixture } from './fixture.ts'

const job = (number: number) => sampleId('img', number)

describe('a job that finds no free credential', () => {
  it('stays queued, is nobody’s, and is drawn as soon as one is free', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    await fixture.start()
    fixture.upstream.takes(1_000)
    await fixture.submit({ number: 1 })
    await fixture.submit({ number: 2 })
    expect(await fixture.read(job(2))).toMatchObject({ state: 'queued', runner: null, attempts: 0 })
    expect(await fixture.store.queuePosition(job(2))).toBe(1)
    await fixture.advance(1_000)
    expect((await fixture.read(job(1))).state).toBe('done')
    expect((await fixture.read(job(2))).state).toBe('claimed')
    await fixture.advance(1_000)
    expect((await fixture.read(job(2))).state).toBe('done')
  })

  it('is drawn although nobody says that a credential came free', async () => {
    const fixture = createFixture({
      fault: ({ name, text }) => (name === 'lease-freed' ? [] : [text]),
    })
    fixture.pool.add(1)
    // Somebody else's lease, which just ends.
    const { scheduler } = fixture.pool
    await scheduler.grantLease({
      model: 'gpt-image-1',
      kind: 'image',
      holder: sampleId('run', 9),
      ttlMs: 4_000,
      exclude: [],
    })
    await fixture.start()
    await fixture.submit()
    await fixture.advance(3_900)
    expect((await fixture.read()).state).toBe('queued')
    await fixture.advance(1_200)
    expect((await fixture.read()).state).toBe('done')
  })

  it('waits while the scheduler is away, and is drawn when it is back', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    fixture.pool.setAway(true)
    await fixture.start()
    await fixture.submit()
    await fixture.advance(10_000)
    expect((await fixture.read()).state).toBe('queued')
    fixture.pool.setAway(false)
    await fixture.advance(1_100)
    expect((await fixture.read()).state).toBe('done')
  })

  it('fails after a while, truthfully, when nothing serves its model', async () => {
    const fixture = createFixture()
    await fixture.start()
    await fixture.submit({ request: { count: 2 } })
    await fixture.advance(3_000)
    expect((await fixture.read()).state).toBe('queued')
    await fixture.advance(2_000)
    expect(await fixture.read()).toMatchObject({
      state: 'failed',
      failure: { code: 'overloaded' },
      parts: [{ state: 'failed' }, { state: 'failed' }],
    })
  })

  it('is drawn when the pool was only empty for a moment', async () => {
    const fixture = createFixture()
    await fixture.start()
    await fixture.submit()
    await fixture.advance(1_500)
    fixture.pool.add()
    await fixture.advance(1_000)
    expect((await fixture.read()).state).toBe('done')
  })

  it('waits once, however often it is announced', async () => {
    const fixture = createFixture({ fault: ({ text }) => [text, text, text] })
    fixture.pool.add(1)
    await fixture.start()
    fixture.upstream.takes(1_000)
    await fixture.submit({ number: 1 })
    await fixture.submit({ number: 2 })
    const before = fixture.pool.requested()
    await fixture.advance(900)
    // By the scheduler's word it comes back once a second, not once for every hint.
    expect(fixture.pool.requested() - before).toBeLessThanOrEqual(1)
    await fixture.advance(2_100)
    expect(fixture.upstream.generations).toHaveLength(2)
  })

  it('is dropped when it was cancelled', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    await fixture.start()
    fixture.upstream.takes(1_000)
    await fixture.submit({ number: 1 })
    await fixture.submit({ number: 2 })
    expect((await fixture.store.cancel(job(2), fixture.clock.now())).outcome).toBe('cancelled')
    await fixture.bus.announce('image-job-cancelled', { jobId: job(2) })
    await fixture.advance(5_000)
    expect(fixture.upstream.generations).toHaveLength(1)
    expect((await fixture.read(job(2))).state).toBe('cancelled')
    expect(fixture.pool.held()).toBe(0)
  })
})

describe('a crowd', () => {
  it('of one wallet does not stand before another wallet’s only job', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    await fixture.start()
    fixture.upstream.takes(1_000)
    for (let number = 1; number <= 50; number += 1) await fixture.submit({ number, wallet: 1 })
    await fixture.submit({ number: 51, wallet: 2 })
    await fixture.advance(3_100)
    expect((await fixture.read(job(51))).state).toBe('done')
  })

  it('larger than the waiting room waits in its rows, and loses nobody', async () => {
    const fixture = createFixture()
    fixture.pool.add(2)
    await fixture.start({ config: { waitingJobsMax: 5 } })
    fixture.upstream.takes(200)
    for (let number = 1; number <= 40; number += 1) {
      await fixture.submit({ number, wallet: 1 + (number % 3) })
    }
    await fixture.advance(10_000)
    for (let number = 1; number <= 40; number += 1) {
      expect((await fixture.read(job(number))).state).toBe('done')
    }
    expect(fixture.upstream.generations).toHaveLength(40)
  })

  it('is shared by runners without a job being drawn twice', async () => {
    const fixture = createFixture({ fault: ({ text }) => [text, text] })
    fixture.pool.add(3)
    for (let runners = 0; runners < 3; runners += 1) await fixture.start()
    fixture.upstream.takes(300)
    for (let number = 1; number <= 30; number += 1) await fixture.submit({ number })
    await fixture.advance(5_000)
    expect(fixture.upstream.generations).toHaveLength(30)
    expect(fixture.upstream.mostAtOnce('secret-1')).toBe(3)
    for (let number = 1; number <= 30; number += 1) {
      expect(await fixture.factsOf(job(number))).toEqual(['queued', 'started', 'stored', 'ended'])
    }
  })
})

describe('the sweep', () => {
  it('finds a job that nobody was told of', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    await fixture.start()
    await fixture.write()
    await fixture.advance(1_900)
    expect((await fixture.read()).state).toBe('queued')
    await fixture.advance(2_200)
    expect((await fixture.read()).state).toBe('done')
  })

  it('makes a quiet runner ask the database no more than every two seconds', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    let requested = 0
    const store = new Proxy(fixture.store, {
      get: (target, method, receiver) => {
        requested += 1
        return Reflect.get(target, method, receiver)
      },
    })
    await fixture.start({ store })
    await fixture.advance(60_000)
    // The queue every 2 s; claims and deadlines every 5 s; blobs every minute.
    expect(requested).toBeLessThanOrEqual(30 + 12 + 12 + 1)
  })
})
