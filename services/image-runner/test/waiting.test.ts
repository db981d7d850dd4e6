import { sampleId } from '@sluice/jobs/testing/sample-job'
import { describe, expect, it } from 'vitest'

import { createFixture } from './fixture.ts'

const job = (number: number) => sampleId('img', number)

describe('a job that finds no free credential', () => {
  it('stays queued without a claim, and starts as soon as a credential is free', async () => {
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

  it('starts although the lease-freed message is lost', async () => {
    const fixture = createFixture({
      fault: ({ name, text }) => (name === 'lease-freed' ? [] : [text]),
    })
    fixture.pool.add(1)
    // A lease of another holder, which expires.
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

  it('waits while the scheduler is unavailable, and starts when it is available again', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    fixture.pool.setUnavailable(true)
    await fixture.start()
    await fixture.submit()
    await fixture.advance(10_000)
    expect((await fixture.read()).state).toBe('queued')
    fixture.pool.setUnavailable(false)
    await fixture.advance(1_100)
    expect((await fixture.read()).state).toBe('done')
  })

  it('fails after several attempts when no credential serves its model', async () => {
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

  it('starts when the pool was empty for a short time only', async () => {
    const fixture = createFixture()
    await fixture.start()
    await fixture.submit()
    await fixture.advance(1_500)
    fixture.pool.add()
    await fixture.advance(1_000)
    expect((await fixture.read()).state).toBe('done')
  })

  it('is queued once, however often it is published', async () => {
    const fixture = createFixture({ fault: ({ text }) => [text, text, text] })
    fixture.pool.add(1)
    await fixture.start()
    fixture.upstream.takes(1_000)
    await fixture.submit({ number: 1 })
    await fixture.submit({ number: 2 })
    const before = fixture.pool.requested()
    await fixture.advance(900)
    // It retries at the scheduler's retry time, not once for every hint.
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

describe('many jobs', () => {
  it('of one wallet do not delay the only job of another wallet', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    await fixture.start()
    fixture.upstream.takes(1_000)
    for (let number = 1; number <= 50; number += 1) await fixture.submit({ number, wallet: 1 })
    await fixture.submit({ number: 51, wallet: 2 })
    await fixture.advance(3_100)
    expect((await fixture.read(job(51))).state).toBe('done')
  })

  it('above waitingJobsMax stay queued in the database, and none is lost', async () => {
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

  it('are shared by several runners, and none is run twice', async () => {
    const fixture = createFixture({ fault: ({ text }) => [text, text] })
    fixture.pool.add(3)
    for (let runners = 0; runners < 3; runners += 1) await fixture.start()
    fixture.upstream.takes(300)
    for (let number = 1; number <= 30; number += 1) await fixture.submit({ number })
    await fixture.advance(5_000)
    expect(fixture.upstream.generations).toHaveLength(30)
    expect(fixture.upstream.maxConcurrent('secret-1')).toBe(3)
    for (let number = 1; number <= 30; number += 1) {
      expect(await fixture.factsOf(job(number))).toEqual(['queued', 'started', 'stored', 'ended'])
    }
  })
})

describe('the sweep', () => {
  it('finds a job that was not published', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    await fixture.start()
    await fixture.write()
    await fixture.advance(1_900)
    expect((await fixture.read()).state).toBe('queued')
    await fixture.advance(2_200)
    expect((await fixture.read()).state).toBe('done')
  })

  it('queries the database no more than every two seconds on an idle runner', async () => {
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
