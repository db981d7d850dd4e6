import { sampleId } from '@sluice/jobs/testing/sample-job'
import { AppError } from '@sluice/kernel/app-error'
import { describe, expect, it } from 'vitest'

import { createFixture } from './fixture.ts'

const job = (number: number) => sampleId('img', number)

describe('a deadline', () => {
  it('aborts running generations, and delivers the stored pictures', async () => {
    const fixture = createFixture()
    fixture.pool.add(2)
    await fixture.start()
    fixture.upstream.does(async ({ signal }, { index }) => {
      await fixture.clock.sleep(index === 0 ? 1_000 : 600_000, signal)
    })
    await fixture.submit({ lastsMs: 10_000, request: { count: 2 } })
    await fixture.advance(10_100)
    const done = await fixture.read()
    expect(done).toMatchObject({ state: 'done', failure: null })
    expect(done.parts).toMatchObject([
      { state: 'stored' },
      { state: 'failed', failure: { code: 'upstream_timeout' }, unconfirmedCharges: 1 },
    ])
    expect(fixture.pool.held()).toBe(0)
  })

  it('ends a job that never started', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    fixture.pool.setUnavailable(true)
    await fixture.start()
    await fixture.submit({ lastsMs: 10_000 })
    await fixture.advance(20_100)
    expect(await fixture.read()).toMatchObject({ state: 'failed', failure: { code: 'overloaded' } })
    expect(fixture.store.outbox()).toEqual([`image-job-ended ${job(1)}`])
  })
})

describe('a runner that is stopped', () => {
  it('completes running generations and starts no new ones', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    const runner = await fixture.start()
    fixture.upstream.takes(2_000)
    await fixture.submit({ number: 1 })
    await fixture.submit({ number: 2 })
    const stopping = runner.stop({ withinMs: 10_000 })
    await fixture.submit({ number: 3 })
    await fixture.advance(2_100)
    await stopping
    expect((await fixture.read(job(1))).state).toBe('done')
    for (const number of [2, 3]) {
      expect(await fixture.read(job(number))).toMatchObject({ state: 'queued', attempts: 0 })
    }
    expect(fixture.pool.held()).toBe(0)
  })

  it('requeues unfinished jobs within the time limit, and the next runner ends them', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    const runner = await fixture.start()
    fixture.upstream.takes(60_000)
    await fixture.submit({ request: { count: 2 } })
    const stopping = runner.stop({ withinMs: 10_000 })
    await fixture.advance(8_100)
    await stopping
    const requeued = await fixture.read()
    expect(requeued).toMatchObject({ state: 'queued', lostClaims: 0 })
    expect(requeued.parts).toMatchObject([{ unconfirmedCharges: 1 }, { unconfirmedCharges: 0 }])
    fixture.upstream.takes(0)
    await fixture.start()
    await fixture.advance(4_100)
    expect((await fixture.read()).state).toBe('done')
  })

  it('requeues the parts of a job that have not started, after the running ones have ended', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    const runner = await fixture.start()
    fixture.upstream.takes(2_000)
    await fixture.submit({ request: { count: 3 } })
    const stopping = runner.stop({ withinMs: 60_000 })
    await fixture.advance(2_100)
    await stopping
    const requeued = await fixture.read()
    expect(requeued.parts.map(({ state }) => state)).toEqual(['stored', 'waiting', 'waiting'])
    expect(requeued).toMatchObject({ state: 'queued' })
    await fixture.start()
    await fixture.advance(8_000)
    expect((await fixture.read()).state).toBe('done')
    expect(fixture.upstream.generations).toHaveLength(3)
  })
})

describe('while a dependency is unavailable', () => {
  it('the database: a stored picture is written when it is available again', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    let isUnavailable = false
    const store = {
      ...fixture.store,
      write: async (...input: Parameters<typeof fixture.store.write>) => {
        if (isUnavailable) throw new AppError('unavailable', 'the database is unavailable')
        return fixture.store.write(...input)
      },
    }
    await fixture.start({ store })
    fixture.upstream.does(async () => void (isUnavailable = true))
    await fixture.submit()
    await fixture.advance(10_000)
    expect((await fixture.read()).state).toBe('claimed')
    isUnavailable = false
    await fixture.advance(5_100)
    expect(await fixture.read()).toMatchObject({ state: 'done', attempts: 1 })
    expect(fixture.upstream.generations).toHaveLength(1)
  })

  it('the blob store: a picture is stored when it is available again, else the part fails', async () => {
    const fixture = createFixture()
    fixture.pool.add(2)
    let failuresLeft = 3
    const blobs = {
      ...fixture.blobs,
      put: async (...put: Parameters<typeof fixture.blobs.put>) => {
        failuresLeft -= 1
        if (failuresLeft >= 0) throw new AppError('unavailable', 'the disk is full')
        return fixture.blobs.put(...put)
      },
    }
    await fixture.start({ blobs })
    await fixture.submit({ number: 1 })
    await fixture.advance(5_000)
    expect((await fixture.read(job(1))).state).toBe('done')
    failuresLeft = Infinity
    await fixture.submit({ number: 2 })
    await fixture.advance(30_000)
    expect(await fixture.read(job(2))).toMatchObject({
      state: 'failed',
      failure: { code: 'unavailable' },
      parts: [{ unconfirmedCharges: 1 }],
    })
  })

  it('the bus: jobs are found by polling, run and ended', async () => {
    const fixture = createFixture({ fault: () => [] })
    fixture.pool.add(1)
    await fixture.start()
    for (const number of [1, 2, 3]) await fixture.submit({ number })
    await fixture.advance(5_000)
    for (const number of [1, 2, 3]) {
      expect((await fixture.read(job(number))).state).toBe('done')
    }
  })
})
