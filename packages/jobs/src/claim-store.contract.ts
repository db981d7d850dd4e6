import { beforeEach, describe, expect, it } from 'vitest'

import type { StoreFixture, StoreUnderTest } from '../test/store-fixture.ts'
import { failure, createStoreFixture, RUNNER } from '../test/store-fixture.ts'
import type { HolderMove } from './holder-moves.ts'
import { sampleId, samplePart } from './testing/sample-job.ts'

/** The tests that every claim store must pass. `make` returns an empty one. */
export function claimStoreContract(make: () => Promise<StoreUnderTest>): void {
  let fixture: StoreFixture
  beforeEach(async () => void (fixture = await createStoreFixture(make)))

  describe('claiming', () => {
    it('starts as many parts as there are slots, and deletes the outbox row', async () => {
      const { clock, store, outbox, now, submit, read, statesOf } = fixture
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

    it('has the same result with a `fresh` hint, whether the hint is correct or not', async () => {
      const { clock, store, now, submit, read, lose, outbox, eventsOf } = fixture
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

    it('gives a job to exactly one of many runners', async () => {
      const { store, now, submit, factsOf } = fixture
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

    it('rejects a job that is past its deadline', async () => {
      const { clock, store, now, submit, read } = fixture
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
    it('ends the job with its last part and writes one outbox row for billing', async () => {
      const { clock, outbox, now, write, storePart, read, eventsOf, submitAndClaim } = fixture
      const held = await submitAndClaim({ request: { count: 2 } })
      const first = await write(held, storePart(held, 1))
      expect(first.job.state).toBe('claimed')
      await clock.advance(1_000)
      const last = await write(first.job, storePart(held, 0))
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

    it('ends the job as done with one of two pictures', async () => {
      const { write, storePart, submitAndClaim } = fixture
      const held = await submitAndClaim({ request: { count: 2 } })
      const { job } = await write(held, { type: 'fail', index: 0, failure }, storePart(held, 1))
      expect(job).toMatchObject({ state: 'done', failure: null })
      expect(job.parts).toMatchObject([{ state: 'failed', failure }, { state: 'stored' }])
    })

    it('fails the job when every part failed, with the failure of the first part', async () => {
      const { outbox, write, submitAndClaim } = fixture
      const held = await submitAndClaim({ request: { count: 2 } })
      const other = { code: 'upstream_timeout', message: 'It took too long.' }
      const transition = await write(
        held,
        { type: 'fail', index: 1, failure: other, unconfirmedCharges: 2 },
        { type: 'fail', index: 0, failure },
      )
      expect(transition.job).toMatchObject({ state: 'failed', failure })
      expect(transition.job.parts[1]?.unconfirmedCharges).toBe(2)
      expect(transition.events.at(-1)?.fact).toEqual({
        type: 'ended',
        state: 'failed',
        parts: [],
        failure,
      })
      expect(await outbox()).toEqual([`image-job-ended ${held.id}`])
    })

    it('starts further parts when it has slots for them', async () => {
      const { submit, claim, write, read, statesOf } = fixture
      const held = await claim(await submit({ request: { count: 3 } }), 1)
      const transition = await write(held, { type: 'begin', indexes: [2] })
      expect(statesOf(transition)).toEqual(['generating', 'waiting', 'generating'])
      expect(transition.events).toEqual([])
      expect(await read(held.id)).toEqual(transition.job)
    })

    it('publishes each partial picture once, and no more than the caller requested', async () => {
      const { write, submitAndClaim } = fixture
      const held = await submitAndClaim({ request: { partialImages: 2 } })
      const partial = (partialIndex: number): HolderMove => ({
        type: 'partial',
        index: 0,
        partialIndex,
        blobKey: `jobs/${held.id}/partials/0/${partialIndex}`,
        facts: samplePart(held.id, 0).facts,
      })
      let transition = await write(held, partial(0))
      transition = await write(transition.job, partial(0))
      expect(transition.events).toEqual([])
      transition = await write(transition.job, partial(1), partial(2))
      expect(transition.events).toMatchObject([
        { seq: 4, fact: { type: 'partial', partialIndex: 1 } },
      ])
    })

    it('records only the first end of a part', async () => {
      const { write, storePart, read, submitAndClaim } = fixture
      const held = await submitAndClaim({ request: { count: 2 } })
      const { job } = await write(held, storePart(held, 0, 'a'))
      const again = await write(job, storePart(held, 0, 'b'), { type: 'fail', index: 0, failure })
      expect(again.events).toEqual([])
      expect((await read(held.id)).parts[0]?.stored?.sha256).toBe('a'.repeat(64))
    })

    it('may repeat a write whose result was lost', async () => {
      const { write, storePart, submitAndClaim, factsOf } = fixture
      const held = await submitAndClaim()
      const first = await write(held, storePart(held))
      const again = await write(held, storePart(held))
      expect(again.events).toEqual([])
      expect(again.job).toEqual(first.job)
      expect(await factsOf(held.id)).toEqual(['queued', 'started', 'stored', 'ended'])
    })

    it('can write with a copy that is older than the row', async () => {
      const { write, storePart, read, eventsOf, submitAndClaim } = fixture
      const held = await submitAndClaim({ request: { count: 3 } })
      await Promise.all([0, 1, 2].map((index) => write(held, storePart(held, index))))
      const job = await read(held.id)
      expect(job.state).toBe('done')
      expect((await eventsOf(held.id)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6])
    })

    it('requeues what it does not finish, and cannot write afterwards', async () => {
      const { clock, store, outbox, now, claim, write, storePart, submitAndClaim } = fixture
      const held = await submitAndClaim({ request: { count: 2 } })
      const { job } = await write(held, storePart(held, 1))
      await clock.advance(100)
      const requeued = await write(job, {
        type: 'requeue',
        reason: 'drain',
        unconfirmedCharges: { 0: 1, 1: 1 },
      })
      expect(requeued.job).toMatchObject({ state: 'queued', runner: null, queuedAt: now() })
      expect(requeued.job.parts).toMatchObject([
        { state: 'waiting', unconfirmedCharges: 1 },
        { state: 'stored', unconfirmedCharges: 0 },
      ])
      expect(requeued.events).toMatchObject([{ fact: { type: 'requeued', reason: 'drain' } }])
      expect(await outbox()).toEqual([`image-job-queued ${held.id}`])
      expect(await store.write({ held: job, moves: [storePart(job, 0)], now: now() })).toBe('lost')
      const next = await claim(held.id)
      expect(next.parts).toMatchObject([
        { state: 'generating', generations: 2 },
        { state: 'stored' },
      ])
    })
  })

  describe('a stale holder', () => {
    it('is rejected as soon as its job is requeued', async () => {
      const { store, now, claim, write, storePart, lose, read, submitAndClaim } = fixture
      const held = await submitAndClaim()
      expect(await lose(held)).toBeDefined()
      expect(await store.write({ held, moves: [storePart(held)], now: now() })).toBe('lost')
      const next = await claim(held.id)
      expect(await store.write({ held, moves: [storePart(held)], now: now() })).toBe('lost')
      await write(next, storePart(next, 0, 'b'))
      expect(await store.write({ held, moves: [storePart(held)], now: now() })).toBe('lost')
      expect((await read(held.id)).parts[0]?.stored?.sha256).toBe('b'.repeat(64))
    })

    it('cannot start a part of a job that has ended', async () => {
      const { clock, store, now, submitAndClaim } = fixture
      const held = await submitAndClaim({ lastsMs: 10 })
      await clock.advance(10)
      await store.failExpired({ jobId: held.id, now: now() })
      const moves: HolderMove[] = [{ type: 'begin', indexes: [0] }]
      expect(await store.write({ held, moves, now: now() })).toBe('lost')
    })

    it('learns from its heartbeat which claims it has lost', async () => {
      const { clock, store, now, lose, read, submitAndClaim } = fixture
      const alive = await submitAndClaim({ number: 1 })
      const lost = await submitAndClaim({ number: 2 })
      await lose(lost)
      await clock.advance(5_000)
      const claims = [alive, lost].map(({ id, fence }) => ({ jobId: id, fence }))
      const held = { jobId: alive.id, fence: alive.fence }
      expect(await store.heartbeat({ claims, now: now() })).toEqual([held])
      expect(await store.heartbeat({ claims: [], now: now() })).toEqual([])
      expect((await read(alive.id)).heartbeatAt).toEqual(now())
    })
  })
}
