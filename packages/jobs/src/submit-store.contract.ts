import { beforeEach, describe, expect, it } from 'vitest'

import type { StoreScene, StoreUnderTest } from '../test/store-scene.ts'
import { openStoreScene, RUNNER } from '../test/store-scene.ts'
import { sampleId, sampleJob } from './testing/sample-job.ts'

/** What every submit store promises to the door. `make` answers an empty one. */
export function submitStoreContract(make: () => Promise<StoreUnderTest>): void {
  let scene: StoreScene
  beforeEach(async () => void (scene = await openStoreScene(make)))

  describe('submitting', () => {
    it('writes the job, its first event and the promise that a runner hears of it', async () => {
      const { store, outbox, now, read, eventsOf } = scene
      const job = sampleJob({ now: now(), request: { count: 2 } })
      const submitted = await store.submit(job, now())
      expect(submitted).toMatchObject({ fresh: true, job: { state: 'queued', fence: 0 } })
      expect(submitted.events).toEqual([
        { jobId: job.id, seq: 1, at: now(), fact: { type: 'queued' } },
      ])
      expect(await eventsOf(job.id)).toEqual(submitted.events)
      expect(await outbox()).toEqual([`image-job-queued ${job.id}`])
      expect(await read(job.id)).toEqual(submitted.job)
      expect(await read(job.id)).toMatchObject({ ...job, createdAt: now(), attempts: 0 })
    })

    it('answers a repeat with the job that is there, and writes nothing', async () => {
      const { clock, store, outbox, now, submit, claim } = scene
      const jobId = await submit()
      const held = await claim(jobId)
      await clock.advance(5)
      const again = await store.submit(
        sampleJob({ now: now(), request: { prompt: 'another' } }),
        now(),
      )
      expect(again).toEqual({ job: held, fresh: false, events: [] })
      expect(await outbox()).toEqual([])
    })

    it('keeps what callers write, whatever it is', async () => {
      const { submit, read } = scene
      const prompt = 'NUL \u0000, half a pair \ud83d, \u2028, "quotes" \\ and 🖼'
      const jobId = await submit({ request: { prompt, extra: { a: ['\u0000', 1.5, null] } } })
      expect((await read(jobId)).request).toMatchObject({
        prompt,
        extra: { a: ['\u0000', 1.5, null] },
      })
    })

    it('knows nothing of a job that nobody submitted', async () => {
      const { store, now, eventsOf } = scene
      const jobId = sampleId('img', 404)
      expect(await store.read(jobId)).toBeUndefined()
      expect(await eventsOf(jobId)).toEqual([])
      expect(await store.queuePosition(jobId)).toBeUndefined()
      expect(await store.cancel(jobId, now())).toEqual({ outcome: 'unknown', events: [] })
      expect(await store.claim({ jobId, runner: RUNNER, slots: 1, now: now() })).toBeUndefined()
    })
  })

  describe('cancelling', () => {
    it('ends a job that waits, so that nobody draws it and billing gives its hold back', async () => {
      const { store, outbox, now, submit, read } = scene
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

    it('comes too late for a job that is being drawn, or of which a picture is kept', async () => {
      const { store, now, write, keep, submitAndClaim } = scene
      const held = await submitAndClaim({ request: { count: 2 } })
      expect(await store.cancel(held.id, now())).toEqual({ outcome: 'too-late', events: [] })
      const { job } = await write(held, keep(held, 0))
      await write(job, { type: 'give-back', reason: 'drain', unconfirmedCharges: {} })
      expect((await store.cancel(held.id, now())).outcome).toBe('too-late')
    })

    it('takes a claimed job of which nothing is drawn yet from its holder', async () => {
      const { store, now, submit, claim } = scene
      const held = await claim(await submit(), 0)
      expect((await store.cancel(held.id, now())).outcome).toBe('cancelled')
      expect(
        await store.write({ held, moves: [{ type: 'begin', indexes: [0] }], now: now() }),
      ).toBe('lost')
    })
  })

  describe('the queue', () => {
    it('lets wallets take turns, the oldest job of each first', async () => {
      const { clock, store, now, submit } = scene
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

    it('lists only jobs that have waited long enough, and says which were begun before', async () => {
      const { clock, store, now, submit, lose, submitAndClaim } = scene
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
      const { clock, store, submit, claim } = scene
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
    it('are read after a number, at most so many, of one job or of many', async () => {
      const { store, write, keep, submitAndClaim } = scene
      const [a, b] = [await submitAndClaim({ number: 1 }), await submitAndClaim({ number: 2 })]
      await write(a, keep(a))
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
