import { sampleId } from '@sluice/jobs/testing/sample-job'
import { AppError } from '@sluice/kernel/app-error'
import { describe, expect, it } from 'vitest'

import { createFixture } from './fixture.ts'

const job = (number: number) => sampleId('img', number)

describe('a deadline', () => {
  it('ends what is being drawn, and delivers what was', async () => {
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

  it('ends a job that nobody could draw', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    fixture.pool.setAway(true)
    await fixture.start()
    await fixture.submit({ lastsMs: 10_000 })
    await fixture.advance(20_100)
    expect(await fixture.read()).toMatchObject({ state: 'failed', failure: { code: 'overloaded' } })
    expect(fixture.store.outbox()).toEqual([`image-job-ended ${job(1)}`])
  })
})

describe('a runner that is stopped', () => {
  it('ends what it is drawing and begins nothing new', async () => {
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

  it('gives back in time what it cannot end, and the next runner ends it', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    const runner = await fixture.start()
    fixture.upstream.takes(60_000)
    await fixture.submit({ request: { count: 2 } })
    const stopping = runner.stop({ withinMs: 10_000 })
    await fixture.advance(8_100)
    await stopping
    const given = await fixture.read()
    expect(given).toMatchObject({ state: 'queued', lostClaims: 0 })
    expect(given.parts).toMatchObject([{ unconfirmedCharges: 1 }, { unconfirmedCharges: 0 }])
    fixture.upstream.takes(0)
    await fixture.start()
    await fixture.advance(4_100)
    expect((await fixture.read()).state).toBe('done')
  })

  it('gives back the pictures of a job that it has not begun, after those it has', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    const runner = await fixture.start()
    fixture.upstream.takes(2_000)
    await fixture.submit({ request: { count: 3 } })
    const stopping = runner.stop({ withinMs: 60_000 })
    await fixture.advance(2_100)
    await stopping
    const given = await fixture.read()
    expect(given.parts.map(({ state }) => state)).toEqual(['stored', 'waiting', 'waiting'])
    expect(given).toMatchObject({ state: 'queued' })
    await fixture.start()
    await fixture.advance(8_000)
    expect((await fixture.read()).state).toBe('done')
    expect(fixture.upstream.generations).toHaveLength(3)
  })
})

describe('while something is away', () => {
  it('the database: a stored picture is written down when it is back', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    let away = false
    const store = {
      ...fixture.store,
      write: async (...input: Parameters<typeof fixture.store.write>) => {
        if (away) throw new AppError('unavailable', 'the database is away')
        return fixture.store.write(...input)
      },
    }
    await fixture.start({ store })
    fixture.upstream.does(async () => void (away = true))
    await fixture.submit()
    await fixture.advance(10_000)
    expect((await fixture.read()).state).toBe('claimed')
    away = false
    await fixture.advance(5_100)
    expect(await fixture.read()).toMatchObject({ state: 'done', attempts: 1 })
    expect(fixture.upstream.generations).toHaveLength(1)
  })

  it('the blob store: a picture is stored when it is back, or truthfully failed', async () => {
    const fixture = createFixture()
    fixture.pool.add(2)
    let awayFor = 3
    const blobs = {
      ...fixture.blobs,
      put: async (...put: Parameters<typeof fixture.blobs.put>) => {
        awayFor -= 1
        if (awayFor >= 0) throw new AppError('unavailable', 'the disk is full')
        return fixture.blobs.put(...put)
      },
    }
    await fixture.start({ blobs })
    await fixture.submit({ number: 1 })
    await fixture.advance(5_000)
    expect((await fixture.read(job(1))).state).toBe('done')
    awayFor = Infinity
    await fixture.submit({ number: 2 })
    await fixture.advance(30_000)
    expect(await fixture.read(job(2))).toMatchObject({
      state: 'failed',
      failure: { code: 'unavailable' },
      parts: [{ unconfirmedCharges: 1 }],
    })
  })

  it('the bus: jobs are found, drawn and ended all the same', async () => {
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
