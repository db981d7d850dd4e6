import { beforeEach, describe, expect, it } from 'vitest'

import type { StoreScene, StoreUnderTest } from '../test/store-scene.ts'
import { failure, openStoreScene, RUNNER } from '../test/store-scene.ts'
import type { HolderMove } from './holder-moves.ts'
import { sampleId, samplePart } from './testing/sample-job.ts'

/** What every claim store promises to runners. `make` answers an empty one. */
export function claimStoreContract(make: () => Promise<StoreUnderTest>): void {
  let scene: StoreScene
  beforeEach(async () => void (scene = await openStoreScene(make)))

  describe('claiming', () => {
    it('begins as many parts as there are places, and takes the promise down', async () => {
      const { clock, store, outbox, now, submit, read, statesOf } = scene
      const jobId = await submit({ request: { count: 3 } })
      await clock.advance(50)
      const claimed = await store.claim({ jobId, runner: RUNNER, slots: 2, now: now() })
      expect(claimed && statesOf(claimed)).toEqual(['generating', 'generating', 'waiting'])
      expect(claimed?.job).toMatchObject({
        state: 'claimed',
        fence: 1,
        attempts: 1,
        runner: RUNNER,
        startedAt: now(),
      })
      expect(claimed?.events).toEqual([
        { jobId, seq: 2, at: now(), fact: { type: 'started', attempt: 1 } },
      ])
      expect(await read(jobId)).toEqual(claimed?.job)
      expect(await outbox()).toEqual([])
    })

    it('makes the same of a job that is said to be fresh, whether that is true or not', async () => {
      const { clock, store, now, submit, read, lose, outbox, eventsOf } = scene
      const claims = []
      for (const { number, fresh } of [
        { number: 1, fresh: { count: 3 } },
        { number: 2, fresh: { count: 2 } },
        { number: 3, fresh: undefined },
      ]) {
        const jobId = await submit({ number, request: { count: 3, prompt: `prompt ${number}` } })
        await clock.advance(1_000)
        const claimed = await store.claim({ jobId, runner: RUNNER, slots: 2, now: now(), fresh })
        expect(await read(jobId)).toEqual(claimed?.job)
        expect((await eventsOf(jobId)).slice(1)).toEqual(claimed?.events)
        expect(claimed?.job.request.prompt).toBe(`prompt ${number}`)
        const { state, parts, fence, version, attempts } = claimed?.job ?? {}
        claims.push({ state, parts, fence, version, attempts })
      }
      expect(claims[1]).toEqual(claims[0])
      expect(claims[2]).toEqual(claims[0])
      expect(await outbox()).toEqual([])
      const jobId = sampleId('img', 1)
      await lose(await read(jobId))
      const again = { jobId, runner: RUNNER, slots: 1, now: now(), fresh: { count: 3 } }
      expect((await store.claim(again))?.job).toMatchObject({ attempts: 2, fence: 3 })
      expect(await store.claim(again)).toBeUndefined()
    })

    it('gives a job to one of many runners', async () => {
      const { store, now, submit, factsOf } = scene
      const jobId = await submit()
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_none, index) =>
          store.claim({
            jobId,
            runner: sampleId('run', index),
            slots: 1,
            now: now(),
            fresh: index % 2 === 0 ? { count: 1 } : undefined,
          }),
        ),
      )
      expect(claims.filter((claimed) => claimed !== undefined)).toHaveLength(1)
      expect(await factsOf(jobId)).toEqual(['queued', 'started'])
    })

    it('refuses a job whose time is over', async () => {
      const { clock, store, now, submit, read } = scene
      const jobId = await submit({ lastsMs: 1_000 })
      await clock.advance(1_000)
      for (const fresh of [undefined, { count: 1 }]) {
        const late = { jobId, runner: RUNNER, slots: 1, now: now(), fresh }
        expect(await store.claim(late)).toBeUndefined()
      }
      expect((await read(jobId)).state).toBe('queued')
    })
  })

  describe('the holder', () => {
    it('ends the job with its last part, with one promise that billing hears of it', async () => {
      const { clock, outbox, now, write, keep, read, eventsOf, submitAndClaim } = scene
      const held = await submitAndClaim({ request: { count: 2 } })
      const first = await write(held, keep(held, 1))
      expect(first.job.state).toBe('claimed')
      await clock.advance(1_000)
      const last = await write(first.job, keep(held, 0))
      expect(last.job).toMatchObject({ state: 'done', endedAt: now(), runner: null, failure: null })
      expect(last.events.map(({ fact }) => fact)).toEqual([
        { type: 'stored', part: samplePart(held.id, 0) },
        {
          type: 'ended',
          state: 'done',
          parts: [samplePart(held.id, 0), samplePart(held.id, 1)],
          failure: null,
        },
      ])
      expect(await eventsOf(held.id)).toMatchObject([
        { seq: 1, fact: { type: 'queued' } },
        { seq: 2, fact: { type: 'started' } },
        { seq: 3, fact: { type: 'stored' } },
        { seq: 4, fact: { type: 'stored' } },
        { seq: 5, fact: { type: 'ended' } },
      ])
      expect(await outbox()).toEqual([`image-job-ended ${held.id}`])
      expect(await read(held.id)).toEqual(last.job)
    })

    it('delivers what could be drawn: one picture of two is a job done', async () => {
      const { write, keep, submitAndClaim } = scene
      const held = await submitAndClaim({ request: { count: 2 } })
      const { job } = await write(held, { type: 'fail', index: 0, failure }, keep(held, 1))
      expect(job).toMatchObject({ state: 'done', failure: null })
      expect(job.parts).toMatchObject([{ state: 'failed', failure }, { state: 'stored' }])
    })

    it('fails the job when no part could be drawn, with the first reason', async () => {
      const { outbox, write, submitAndClaim } = scene
      const held = await submitAndClaim({ request: { count: 2 } })
      const other = { code: 'upstream_timeout', message: 'It took too long.' }
      const moved = await write(
        held,
        { type: 'fail', index: 1, failure: other, unconfirmedCharges: 2 },
        { type: 'fail', index: 0, failure },
      )
      expect(moved.job).toMatchObject({ state: 'failed', failure })
      expect(moved.job.parts[1]?.unconfirmedCharges).toBe(2)
      expect(moved.events.at(-1)?.fact).toEqual({
        type: 'ended',
        state: 'failed',
        parts: [],
        failure,
      })
      expect(await outbox()).toEqual([`image-job-ended ${held.id}`])
    })

    it('begins further parts when it finds them a place', async () => {
      const { submit, claim, write, read, statesOf } = scene
      const held = await claim(await submit({ request: { count: 3 } }), 1)
      const moved = await write(held, { type: 'begin', indexes: [2] })
      expect(statesOf(moved)).toEqual(['generating', 'waiting', 'generating'])
      expect(moved.events).toEqual([])
      expect(await read(held.id)).toEqual(moved.job)
    })

    it('announces each partial picture once, and no more than the caller asked for', async () => {
      const { write, submitAndClaim } = scene
      const held = await submitAndClaim({ request: { partialImages: 2 } })
      const partial = (partialIndex: number): HolderMove => ({
        type: 'partial',
        index: 0,
        partialIndex,
        blobKey: `jobs/${held.id}/partials/0/${partialIndex}`,
        facts: samplePart(held.id, 0).facts,
      })
      let moved = await write(held, partial(0))
      moved = await write(moved.job, partial(0))
      expect(moved.events).toEqual([])
      moved = await write(moved.job, partial(1), partial(2))
      expect(moved.events).toMatchObject([{ seq: 4, fact: { type: 'partial', partialIndex: 1 } }])
    })

    it('keeps the first end of a part and no other', async () => {
      const { write, keep, read, submitAndClaim } = scene
      const held = await submitAndClaim({ request: { count: 2 } })
      const { job } = await write(held, keep(held, 0, 'a'))
      const again = await write(job, keep(held, 0, 'b'), { type: 'fail', index: 0, failure })
      expect(again.events).toEqual([])
      expect((await read(held.id)).parts[0]?.stored?.sha256).toBe('a'.repeat(64))
    })

    it('may write a batch again whose answer got lost', async () => {
      const { write, keep, submitAndClaim, factsOf } = scene
      const held = await submitAndClaim()
      const first = await write(held, keep(held))
      const again = await write(held, keep(held))
      expect(again.events).toEqual([])
      expect(again.job).toEqual(first.job)
      expect(await factsOf(held.id)).toEqual(['queued', 'started', 'stored', 'ended'])
    })

    it('writes on when its copy is older than the row', async () => {
      const { write, keep, read, eventsOf, submitAndClaim } = scene
      const held = await submitAndClaim({ request: { count: 3 } })
      await Promise.all([0, 1, 2].map((index) => write(held, keep(held, index))))
      const job = await read(held.id)
      expect(job.state).toBe('done')
      expect((await eventsOf(held.id)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6])
    })

    it('gives back what it does not finish, and can write nothing more', async () => {
      const { clock, store, outbox, now, claim, write, keep, submitAndClaim } = scene
      const held = await submitAndClaim({ request: { count: 2 } })
      const { job } = await write(held, keep(held, 1))
      await clock.advance(100)
      const given = await write(job, {
        type: 'give-back',
        reason: 'drain',
        unconfirmedCharges: { 0: 1, 1: 1 },
      })
      expect(given.job).toMatchObject({ state: 'queued', runner: null, queuedAt: now() })
      expect(given.job.parts).toMatchObject([
        { state: 'waiting', unconfirmedCharges: 1 },
        { state: 'stored', unconfirmedCharges: 0 },
      ])
      expect(given.events).toMatchObject([{ fact: { type: 'requeued', reason: 'drain' } }])
      expect(await outbox()).toEqual([`image-job-queued ${held.id}`])
      expect(await store.write({ held: job, moves: [keep(job, 0)], now: now() })).toBe('lost')
      const next = await claim(held.id)
      expect(next.parts).toMatchObject([
        { state: 'generating', generations: 2 },
        { state: 'stored' },
      ])
    })
  })

  describe('a stale holder', () => {
    it('is refused from the moment its job is taken from it', async () => {
      const { store, now, claim, write, keep, lose, read, submitAndClaim } = scene
      const held = await submitAndClaim()
      expect(await lose(held)).toBeDefined()
      expect(await store.write({ held, moves: [keep(held)], now: now() })).toBe('lost')
      const next = await claim(held.id)
      expect(await store.write({ held, moves: [keep(held)], now: now() })).toBe('lost')
      await write(next, keep(next, 0, 'b'))
      expect(await store.write({ held, moves: [keep(held)], now: now() })).toBe('lost')
      expect((await read(held.id)).parts[0]?.stored?.sha256).toBe('b'.repeat(64))
    })

    it('does not begin a part of a job that has ended', async () => {
      const { clock, store, now, submitAndClaim } = scene
      const held = await submitAndClaim({ lastsMs: 10 })
      await clock.advance(10)
      await store.failExpired({ jobId: held.id, now: now() })
      const moves: HolderMove[] = [{ type: 'begin', indexes: [0] }]
      expect(await store.write({ held, moves, now: now() })).toBe('lost')
    })

    it('learns by its heartbeat what it lost', async () => {
      const { clock, store, now, lose, read, submitAndClaim } = scene
      const kept = await submitAndClaim({ number: 1 })
      const lost = await submitAndClaim({ number: 2 })
      await lose(lost)
      await clock.advance(5_000)
      const claims = [kept, lost].map(({ id, fence }) => ({ jobId: id, fence }))
      const held = { jobId: kept.id, fence: kept.fence }
      expect(await store.heartbeat({ claims, now: now() })).toEqual([held])
      expect(await store.heartbeat({ claims: [], now: now() })).toEqual([])
      expect((await read(kept.id)).heartbeatAt).toEqual(now())
    })
  })
}
