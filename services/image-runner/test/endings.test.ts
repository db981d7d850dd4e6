import { sampleId } from '@sluice/jobs/testing/sample-job'
import { AppError } from '@sluice/kernel/app-error'
import { describe, expect, it } from 'vitest'

import { createWorld } from './world.ts'

const job = (number: number) => sampleId('img', number)

describe('a deadline', () => {
  it('ends what is being drawn, and delivers what was', async () => {
    const world = createWorld()
    world.pool.add(2)
    await world.start()
    world.upstream.does(async ({ signal }, { index }) => {
      await world.clock.sleep(index === 0 ? 1_000 : 600_000, signal)
    })
    await world.submit({ lastsMs: 10_000, request: { count: 2 } })
    await world.advance(10_100)
    const done = await world.read()
    expect(done).toMatchObject({ state: 'done', failure: null })
    expect(done.parts).toMatchObject([
      { state: 'kept' },
      { state: 'failed', failure: { code: 'upstream_timeout' }, possibleLosses: 1 },
    ])
    expect(world.pool.held()).toBe(0)
  })

  it('ends a job that nobody could draw', async () => {
    const world = createWorld()
    world.pool.add(1)
    world.pool.setAway(true)
    await world.start()
    await world.submit({ lastsMs: 10_000 })
    await world.advance(20_100)
    expect(await world.read()).toMatchObject({ state: 'failed', failure: { code: 'overloaded' } })
    expect(world.store.outbox()).toEqual([`image-job-ended ${job(1)}`])
  })
})

describe('a runner that is stopped', () => {
  it('ends what it is drawing and begins nothing new', async () => {
    const world = createWorld()
    world.pool.add(1)
    const runner = await world.start()
    world.upstream.takes(2_000)
    await world.submit({ number: 1 })
    await world.submit({ number: 2 })
    const stopping = runner.stop({ withinMs: 10_000 })
    await world.submit({ number: 3 })
    await world.advance(2_100)
    await stopping
    expect((await world.read(job(1))).state).toBe('done')
    for (const number of [2, 3]) {
      expect(await world.read(job(number))).toMatchObject({ state: 'queued', attempts: 0 })
    }
    expect(world.pool.held()).toBe(0)
  })

  it('gives back in time what it cannot end, and the next runner ends it', async () => {
    const world = createWorld()
    world.pool.add(1)
    const runner = await world.start()
    world.upstream.takes(60_000)
    await world.submit({ request: { count: 2 } })
    const stopping = runner.stop({ withinMs: 10_000 })
    await world.advance(8_100)
    await stopping
    const given = await world.read()
    expect(given).toMatchObject({ state: 'queued', lostClaims: 0 })
    expect(given.parts).toMatchObject([{ possibleLosses: 1 }, { possibleLosses: 0 }])
    world.upstream.takes(0)
    await world.start()
    await world.advance(4_100)
    expect((await world.read()).state).toBe('done')
  })

  it('gives back the pictures of a job that it has not begun, after those it has', async () => {
    const world = createWorld()
    world.pool.add(1)
    const runner = await world.start()
    world.upstream.takes(2_000)
    await world.submit({ request: { count: 3 } })
    const stopping = runner.stop({ withinMs: 60_000 })
    await world.advance(2_100)
    await stopping
    const given = await world.read()
    expect(given.parts.map(({ state }) => state)).toEqual(['kept', 'waiting', 'waiting'])
    expect(given).toMatchObject({ state: 'queued' })
    await world.start()
    await world.advance(8_000)
    expect((await world.read()).state).toBe('done')
    expect(world.upstream.drawings).toHaveLength(3)
  })
})

describe('while something is away', () => {
  it('the database: a stored picture is written down when it is back', async () => {
    const world = createWorld()
    world.pool.add(1)
    let away = false
    const store = {
      ...world.store,
      write: async (...input: Parameters<typeof world.store.write>) => {
        if (away) throw new AppError('unavailable', 'the database is away')
        return world.store.write(...input)
      },
    }
    await world.start({ store })
    world.upstream.does(async () => void (away = true))
    await world.submit()
    await world.advance(10_000)
    expect((await world.read()).state).toBe('claimed')
    away = false
    await world.advance(5_100)
    expect(await world.read()).toMatchObject({ state: 'done', attempts: 1 })
    expect(world.upstream.drawings).toHaveLength(1)
  })

  it('the blob store: a picture is stored when it is back, or truthfully failed', async () => {
    const world = createWorld()
    world.pool.add(2)
    let awayFor = 3
    const blobs = {
      ...world.blobs,
      put: async (...put: Parameters<typeof world.blobs.put>) => {
        awayFor -= 1
        if (awayFor >= 0) throw new AppError('unavailable', 'the disk is full')
        return world.blobs.put(...put)
      },
    }
    await world.start({ blobs })
    await world.submit({ number: 1 })
    await world.advance(5_000)
    expect((await world.read(job(1))).state).toBe('done')
    awayFor = Infinity
    await world.submit({ number: 2 })
    await world.advance(30_000)
    expect(await world.read(job(2))).toMatchObject({
      state: 'failed',
      failure: { code: 'unavailable' },
      parts: [{ possibleLosses: 1 }],
    })
  })

  it('the bus: jobs are found, drawn and ended all the same', async () => {
    const world = createWorld({ fault: () => [] })
    world.pool.add(1)
    await world.start()
    for (const number of [1, 2, 3]) await world.submit({ number })
    await world.advance(5_000)
    for (const number of [1, 2, 3]) {
      expect((await world.read(job(number))).state).toBe('done')
    }
  })
})
