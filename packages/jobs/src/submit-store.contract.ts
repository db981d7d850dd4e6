import { beforeEach, describe, expect, it } from 'vitest'

import type { StoreFixture, StoreUnderTest } from '../test/store-fixture.ts'
import { createStoreFixture, RUNNER } from '../test/store-fixture.ts'
import { sampleId, sampleJob } from './testing/sample-job.ts'

/** The tests that every submit store must pass. `make` returns an empty one. */
export function submitStoreContract(make: () => Promise<StoreUnderTest>): void {
  let fixture: StoreFixture
  beforeEach(async () => void (fixture = await createStoreFixture(make)))

  describe('submitting', () => {
    it('writes the job, its first event and the outbox row for runners', async () => {
      const { store, outbox, now, read, eventsOf } = fixture
      const job = sampleJob({ now: now(), request: { count: 2 } })
      const submitted = await store.submit(job, now())
      expect(submitted).toMatchObject({ created: true, job: { state: 'queued', fence: 0 } })
      expect(submitted.events).toEqual([
        { jobId: job.id, seq: 1, at: now(), fact: { type: 'queued' } },
      ])
      expect(await eventsOf(job.id)).toEqual(submitted.events)
      expect(await outbox()).toEqual([`image-job-queued ${job.id}`])
      expect(await read(job.id)).toEqual(submitted.job)
      expect(await read(job.id)).toMatchObject({ ...job, createdAt: now(), attempts: 0 })
    })

    it('returns the existing job for a repeated id, and writes nothing', async () => {
      const { clock, store, outbox, now, submit, claim } = fixture
      const jobId = await submit()
      const held = await claim(jobId)
      await clock.advance(5)
      const again = await store.submit(
        sampleJob({ now: now(), request: { prompt: 'another' } }),
        now(),
      )
      expect(again).toEqual({ job: held, created: false, events: [] })
      expect(await outbox()).toEqual([])
    })

    it('stores any text of callers unchanged', async () => {
      const { submit, read } = fixture
      const prompt = 'NUL \u0000, half a pair \ud83d, \u2028, "quotes" \\ and 🖼'
      const jobId = await submit({ request: { prompt, extra: { a: ['\u0000', 1.5, null] } } })
      expect((await read(jobId)).request).toMatchObject({
        prompt,
        extra: { a: ['\u0000', 1.5, null] },
      })
    })

    it('has no data of a job that was not submitted', async () => {
      const { store, now, eventsOf } = fixture
      const jobId = sampleId('img', 404)
      expect(await store.read(jobId)).toBeUndefined()
      expect(await eventsOf(jobId)).toEqual([])
      expect(await store.queuePosition(jobId)).toBeUndefined()
      expect(await store.cancel(jobId, now())).toEqual({ outcome: 'unknown', events: [] })
      expect(await store.claim({ jobId, runner: RUNNER, slots: 1, now: now() })).toBeUndefined()
    })
  })

  describe('cancelling', () => {
    it('ends a queued job, so that it cannot be claimed, and writes the row for billing', async () => {
      const { store, outbox, now, submit, read } = fixture
      const jobId = await submit({ request: { count: 2 } })
      const cancelled = await store.cancel(jobId, now())
      expect(cancelled.outcome).toBe('cancelled')
      expect(cancelled.events).toMatchObject([
        { seq: 2, fact: { type: 'ended', state: 'cancelled' } },
      ])
      expect(await read(jobId)).toMatchObject({
        state: 'cancelled',
        failure: { code: 'cancelled' },
        parts: [{ state: 'cancelled' }, { state: 'cancelled' }],
      })
      expect(await outbox()).toEqual([`image-job-ended ${jobId}`])
      expect(await store.cancel(jobId, now())).toEqual({ outcome: 'ended', events: [] })
      expect(await store.claim({ jobId, runner: RUNNER, slots: 1, now: now() })).toBeUndefined()
    })

    it('is too late for a job with a part that is being generated or stored', async () => {
      const { store, now, write, storePart, submitAndClaim } = fixture
      const held = await submitAndClaim({ request: { count: 2 } })
      expect(await store.cancel(held.id, now())).toEqual({ outcome: 'too-late', events: [] })
      const { job } = await write(held, storePart(held, 0))
      await write(job, { type: 'requeue', reason: 'drain', unconfirmedCharges: {} })
      expect((await store.cancel(held.id, now())).outcome).toBe('too-late')
    })

    it('ends a claimed job without a started part, and its holder loses the claim', async () => {
      const { store, now, submit, claim } = fixture
      const held = await claim(await submit(), 0)
      expect((await store.cancel(held.id, now())).outcome).toBe('cancelled')
      expect(
        await store.write({ held, moves: [{ type: 'begin', indexes: [0] }], now: now() }),
      ).toBe('lost')
    })
  })

  describe('the queue', () => {
    it('is in round-robin order of wallets, with the oldest job of each first', async () => {
      const { clock, store, now, submit } = fixture
      for (const [number, wallet] of [1, 1, 1, 2, 1, 3].entries()) {
        await submit({ number, wallet, request: { count: wallet } })
        await clock.advance(1_000)
      }
      const listed = await store.listQueued({ queuedBefore: now(), limit: 5 })
      expect(listed.map(({ jobId }) => jobId)).toEqual(
        [0, 3, 5, 1, 2].map((number) => sampleId('img', number)),
      )
      expect(listed[1]).toEqual({
        jobId: sampleId('img', 3),
        model: 'gpt-image-1',
        wallet: sampleId('wal', 2),
        waiting: 2,
        again: false,
      })
    })

    it('lists only jobs that have been queued long enough, with the hint for a repeated claim', async () => {
      const { clock, store, now, submit, lose, submitAndClaim } = fixture
      const held = await submitAndClaim({ number: 1 })
      await clock.advance(5_000)
      await lose(held)
      await submit({ number: 2 })
      const before = (ms: number) => new Date(clock.nowMs() - ms)
      expect(await store.listQueued({ queuedBefore: before(1), limit: 5 })).toEqual([])
      const listed = await store.listQueued({ queuedBefore: now(), limit: 5 })
      expect(listed).toMatchObject([{ jobId: held.id, again: true }, { again: false }])
    })

    it('counts the jobs of the same model ahead', async () => {
      const { clock, store, submit, claim } = fixture
      const first = await submit({ number: 1 })
      await submit({ number: 2, request: { model: 'other' } })
      await clock.advance(1)
      const second = await submit({ number: 3, wallet: 2 })
      expect(await store.queuePosition(first)).toBe(1)
      expect(await store.queuePosition(second)).toBe(2)
      await claim(first)
      expect(await store.queuePosition(second)).toBe(1)
      expect(await store.queuePosition(first)).toBeUndefined()
    })
  })

  describe('events', () => {
    it('are read after a number, up to a limit, of one job or of many', async () => {
      const { store, write, storePart, submitAndClaim } = fixture
      const [a, b] = [await submitAndClaim({ number: 1 }), await submitAndClaim({ number: 2 })]
      await write(a, storePart(a))
      const seqs = async (afterSeq: number, limit: number) =>
        (await store.readEvents({ jobId: a.id, afterSeq, limit })).map(({ seq }) => seq)
      expect(await seqs(0, 2)).toEqual([1, 2])
      expect(await seqs(2, 10)).toEqual([3, 4])
      expect(await seqs(4, 10)).toEqual([])
      const cursors = [
        { jobId: b.id, afterSeq: 1 },
        { jobId: sampleId('img', 404), afterSeq: 0 },
        { jobId: a.id, afterSeq: 1 },
      ]
      const many = await store.readEventsOfMany({ cursors, limitEach: 2 })
      expect(many.map(({ jobId, seq }) => [jobId, seq])).toEqual([
        [b.id, 2],
        [a.id, 2],
        [a.id, 3],
      ])
      expect(await store.readEventsOfMany({ cursors: [], limitEach: 2 })).toEqual([])
    })
  })
}
