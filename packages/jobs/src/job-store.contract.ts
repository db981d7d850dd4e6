import { assert } from '@sluice/kernel/assert'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { beforeEach, describe, expect, it } from 'vitest'

import type { HolderMove } from './holder-moves.ts'
import type { JobRecord, Moved } from './job-record.ts'
import type { JobStore } from './job-store.ts'
import { LOST_CLAIMS_MAX } from './job.ts'
import { LEFTOVERS_KEPT_MS, PARTIALS_KEPT_MS } from './sweep.ts'
import type { SampleJob } from './testing/sample-job.ts'
import { sampleId, sampleJob, samplePart } from './testing/sample-job.ts'

export interface StoreUnderTest {
  store: JobStore
  /** The outbox as `topic key`, sorted. */
  outbox: () => Promise<string[]>
}

const RUNNER = sampleId('run', 1)
const failure = { code: 'upstream_failed', message: 'It failed.' }

/** What every job store promises. `make` answers an empty one. */
export function jobStoreContract(make: () => Promise<StoreUnderTest>): void {
  let store: JobStore
  let outbox: StoreUnderTest['outbox']
  let clock: FakeClock
  beforeEach(async () => {
    clock = fakeClock()
    ;({ store, outbox } = await make())
  })

  const now = () => clock.now()
  const submit = async (job: Partial<SampleJob> = {}) => {
    const { job: submitted } = await store.submit(sampleJob({ now: now(), ...job }), now())
    return submitted.id
  }
  const claim = async (jobId: string, places = 10) => {
    const claimed = await store.claim({ jobId, runner: RUNNER, places, now: now() })
    assert(claimed, 'the job was not to be had')
    return claimed.job
  }
  const write = async (held: JobRecord, ...moves: HolderMove[]) => {
    const written = await store.write({ held, moves, now: now() })
    assert(written !== 'lost', 'the claim was lost')
    return written
  }
  const keep = (held: JobRecord, index = 0, content = 'a'): HolderMove => ({
    type: 'keep',
    stored: samplePart(held.id, index, content),
  })
  const submitAndClaim = async (job: Partial<SampleJob> = {}) => claim(await submit(job))
  const lose = async ({ id, fence, heartbeatAt }: JobRecord) => {
    assert(heartbeatAt, 'only a claim can be lost')
    return store.requeueLost({ jobId: id, fence, heartbeatAt, now: now() })
  }
  const read = async (jobId: string) => {
    const job = await store.load(jobId)
    assert(job, 'the job is not there')
    return job
  }
  const eventsOf = (jobId: string) => store.readEvents({ jobId, afterSeq: 0, limit: 100 })
  const factsOf = async (jobId: string) => (await eventsOf(jobId)).map(({ fact }) => fact.type)
  const statesOf = (moved: Moved) => moved.job.parts.map(({ state }) => state)

  describe('submitting', () => {
    it('writes the job, its first event and the promise that a runner hears of it', async () => {
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
      const prompt = 'NUL \u0000, half a pair \ud83d, \u2028, "quotes" \\ and 🖼'
      const jobId = await submit({ request: { prompt, extra: { a: ['\u0000', 1.5, null] } } })
      expect((await read(jobId)).request).toMatchObject({
        prompt,
        extra: { a: ['\u0000', 1.5, null] },
      })
    })

    it('knows nothing of a job that nobody submitted', async () => {
      const jobId = sampleId('img', 404)
      expect(await store.read(jobId)).toBeUndefined()
      expect(await eventsOf(jobId)).toEqual([])
      expect(await store.queuePosition(jobId)).toBeUndefined()
      expect(await store.cancel(jobId, now())).toEqual({ outcome: 'unknown', events: [] })
      expect(await store.claim({ jobId, runner: RUNNER, places: 1, now: now() })).toBeUndefined()
    })
  })

  describe('claiming', () => {
    it('begins as many parts as there are places, and takes the promise down', async () => {
      const jobId = await submit({ request: { count: 3 } })
      await clock.advance(50)
      const claimed = await store.claim({ jobId, runner: RUNNER, places: 2, now: now() })
      expect(claimed && statesOf(claimed)).toEqual(['drawing', 'drawing', 'waiting'])
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

    it('gives a job to one of many runners', async () => {
      const jobId = await submit()
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_none, index) =>
          store.claim({ jobId, runner: sampleId('run', index), places: 1, now: now() }),
        ),
      )
      expect(claims.filter((claimed) => claimed !== undefined)).toHaveLength(1)
      expect(await factsOf(jobId)).toEqual(['queued', 'started'])
    })

    it('refuses a job whose time is over', async () => {
      const jobId = await submit({ lastsMs: 1_000 })
      await clock.advance(1_000)
      expect(await store.claim({ jobId, runner: RUNNER, places: 1, now: now() })).toBeUndefined()
      expect((await read(jobId)).state).toBe('queued')
    })
  })

  describe('the holder', () => {
    it('ends the job with its last part, with one promise that billing hears of it', async () => {
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
      const held = await submitAndClaim({ request: { count: 2 } })
      const { job } = await write(held, { type: 'fail', index: 0, failure }, keep(held, 1))
      expect(job).toMatchObject({ state: 'done', failure: null })
      expect(job.parts).toMatchObject([{ state: 'failed', failure }, { state: 'kept' }])
    })

    it('fails the job when no part could be drawn, with the first reason', async () => {
      const held = await submitAndClaim({ request: { count: 2 } })
      const other = { code: 'upstream_timeout', message: 'It took too long.' }
      const moved = await write(
        held,
        { type: 'fail', index: 1, failure: other, possibleLosses: 2 },
        { type: 'fail', index: 0, failure },
      )
      expect(moved.job).toMatchObject({ state: 'failed', failure })
      expect(moved.job.parts[1]?.possibleLosses).toBe(2)
      expect(moved.events.at(-1)?.fact).toEqual({
        type: 'ended',
        state: 'failed',
        parts: [],
        failure,
      })
      expect(await outbox()).toEqual([`image-job-ended ${held.id}`])
    })

    it('begins further parts when it finds them a place', async () => {
      const held = await claim(await submit({ request: { count: 3 } }), 1)
      const moved = await write(held, { type: 'begin', indexes: [2] })
      expect(statesOf(moved)).toEqual(['drawing', 'waiting', 'drawing'])
      expect(moved.events).toEqual([])
      expect(await read(held.id)).toEqual(moved.job)
    })

    it('announces each partial picture once, and no more than the caller asked for', async () => {
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
      const held = await submitAndClaim({ request: { count: 2 } })
      const { job } = await write(held, keep(held, 0, 'a'))
      const again = await write(job, keep(held, 0, 'b'), { type: 'fail', index: 0, failure })
      expect(again.events).toEqual([])
      expect((await read(held.id)).parts[0]?.stored?.sha256).toBe('a'.repeat(64))
    })

    it('may write a batch again whose answer got lost', async () => {
      const held = await submitAndClaim()
      const first = await write(held, keep(held))
      const again = await write(held, keep(held))
      expect(again.events).toEqual([])
      expect(again.job).toEqual(first.job)
      expect(await factsOf(held.id)).toEqual(['queued', 'started', 'stored', 'ended'])
    })

    it('writes on when its copy is older than the row', async () => {
      const held = await submitAndClaim({ request: { count: 3 } })
      await Promise.all([0, 1, 2].map((index) => write(held, keep(held, index))))
      const job = await read(held.id)
      expect(job.state).toBe('done')
      expect((await eventsOf(held.id)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6])
    })

    it('gives back what it does not finish, and can write nothing more', async () => {
      const held = await submitAndClaim({ request: { count: 2 } })
      const { job } = await write(held, keep(held, 1))
      await clock.advance(100)
      const given = await write(job, {
        type: 'give-back',
        reason: 'drain',
        possibleLosses: { 0: 1, 1: 1 },
      })
      expect(given.job).toMatchObject({ state: 'queued', runner: null, queuedAt: now() })
      expect(given.job.parts).toMatchObject([
        { state: 'waiting', possibleLosses: 1 },
        { state: 'kept', possibleLosses: 0 },
      ])
      expect(given.events).toMatchObject([{ fact: { type: 'requeued', reason: 'drain' } }])
      expect(await outbox()).toEqual([`image-job-queued ${held.id}`])
      expect(await store.write({ held: job, moves: [keep(job, 0)], now: now() })).toBe('lost')
      const next = await claim(held.id)
      expect(next.parts).toMatchObject([{ state: 'drawing', draws: 2 }, { state: 'kept' }])
    })
  })

  describe('a stale holder', () => {
    it('is refused from the moment its job is taken from it', async () => {
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
      const held = await submitAndClaim({ lastsMs: 10 })
      await clock.advance(10)
      await store.failExpired({ jobId: held.id, now: now() })
      const moves: HolderMove[] = [{ type: 'begin', indexes: [0] }]
      expect(await store.write({ held, moves, now: now() })).toBe('lost')
    })

    it('learns by its heartbeat what it lost', async () => {
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

  describe('a lost claim', () => {
    it('is told from a living one by its heartbeat', async () => {
      const held = await submitAndClaim()
      const [listed] = await store.listClaims({ afterJobId: '', limit: 10 })
      assert(listed, 'the claim is not listed')
      expect(listed).toEqual({ jobId: held.id, fence: 1, heartbeatAt: now() })
      await clock.advance(5_000)
      await store.heartbeat({ claims: [listed], now: now() })
      expect(await store.requeueLost({ ...listed, now: now() })).toBeUndefined()
      expect((await read(held.id)).state).toBe('claimed')
    })

    it('goes back to the queue with a higher fence, its drawing counted as a possible loss', async () => {
      const held = await submitAndClaim({ request: { count: 2 } })
      const { job } = await write(held, keep(held, 0))
      const lost = await lose(job)
      expect(lost?.job).toMatchObject({ state: 'queued', fence: 2, lostClaims: 1 })
      expect(lost?.job.parts).toMatchObject([
        { state: 'kept', possibleLosses: 0 },
        { state: 'waiting', possibleLosses: 1 },
      ])
      expect(await outbox()).toEqual([`image-job-queued ${held.id}`])
      expect(await lose(job)).toBeUndefined()
    })

    it('is not tried for ever: the job ends with what was kept', async () => {
      const jobId = await submit({ request: { count: 2 } })
      const { job } = await write(await claim(jobId), keep(await read(jobId), 0))
      let lost = await lose(job)
      for (let times = 1; times < LOST_CLAIMS_MAX; times += 1) {
        expect(lost?.job.state).toBe('queued')
        lost = await lose(await claim(jobId))
      }
      expect(lost?.job).toMatchObject({ state: 'done', failure: null })
      expect(lost?.job.parts[1]).toMatchObject({ failure: { code: 'internal_error' } })
      expect(await outbox()).toEqual([`image-job-ended ${jobId}`])
    })

    it('is listed page by page', async () => {
      for (const number of [3, 1, 2]) await submitAndClaim({ number })
      await submit({ number: 4 })
      const pages: string[][] = []
      for (let afterJobId = ''; ;) {
        const page = await store.listClaims({ afterJobId, limit: 2 })
        if (page.length === 0) break
        pages.push(page.map(({ jobId }) => jobId))
        afterJobId = page.at(-1)?.jobId ?? ''
      }
      expect(pages).toEqual([[1, 2].map((n) => sampleId('img', n)), [sampleId('img', 3)]])
    })
  })

  describe('cancelling', () => {
    it('ends a job that waits, so that nobody draws it and billing gives its hold back', async () => {
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
      expect(await store.claim({ jobId, runner: RUNNER, places: 1, now: now() })).toBeUndefined()
    })

    it('comes too late for a job that is being drawn, or of which a picture is kept', async () => {
      const held = await submitAndClaim({ request: { count: 2 } })
      expect(await store.cancel(held.id, now())).toEqual({ outcome: 'too-late', events: [] })
      const { job } = await write(held, keep(held, 0))
      await write(job, { type: 'give-back', reason: 'drain', possibleLosses: {} })
      expect((await store.cancel(held.id, now())).outcome).toBe('too-late')
    })

    it('takes a claimed job of which nothing is drawn yet from its holder', async () => {
      const held = await claim(await submit(), 0)
      expect((await store.cancel(held.id, now())).outcome).toBe('cancelled')
      expect(
        await store.write({ held, moves: [{ type: 'begin', indexes: [0] }], now: now() }),
      ).toBe('lost')
    })
  })

  describe('a deadline', () => {
    it('fails a job that nobody could draw, and one that took too long, in words of their own', async () => {
      const waiting = await submit({ number: 1, lastsMs: 1_000 })
      const drawing = await submitAndClaim({ number: 2, lastsMs: 2_000 })
      const later = await submit({ number: 3, lastsMs: 9_000 })
      const expired = () => store.listExpired({ now: now(), limit: 10 })
      expect(await expired()).toEqual([])
      expect(await store.failExpired({ jobId: waiting, now: now() })).toBeUndefined()
      await clock.advance(2_000)
      expect(await expired()).toEqual([waiting, drawing.id])
      expect(await store.listExpired({ now: now(), limit: 1 })).toEqual([waiting])
      const codes = []
      for (const jobId of await expired()) {
        codes.push((await store.failExpired({ jobId, now: now() }))?.job.failure?.code)
      }
      expect(codes).toEqual(['overloaded', 'upstream_timeout'])
      expect(await expired()).toEqual([])
      expect(await store.failExpired({ jobId: waiting, now: now() })).toBeUndefined()
      expect(await outbox()).toEqual([
        `image-job-ended ${waiting}`,
        `image-job-ended ${drawing.id}`,
        `image-job-queued ${later}`,
      ])
    })

    it('leaves delivered what was kept before it', async () => {
      const held = await submitAndClaim({ lastsMs: 1_000, request: { count: 2 } })
      await write(held, keep(held, 0))
      await clock.advance(1_000)
      const failed = await store.failExpired({ jobId: held.id, now: now() })
      expect(failed?.job).toMatchObject({ state: 'done', failure: null })
      expect(failed?.job.parts).toMatchObject([
        { state: 'kept' },
        { state: 'failed', failure: { code: 'upstream_timeout' }, possibleLosses: 1 },
      ])
    })
  })

  describe('the queue', () => {
    it('lets wallets take turns, the oldest job of each first', async () => {
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

  describe('blobs of an ended job', () => {
    const later = (ms: number) => new Date(clock.nowMs() + ms)
    const sweepable = async (at: Date) =>
      (await store.listSweepable({ now: at, limit: 10 })).map(({ id }) => id)

    it('are none to sweep where every picture was kept', async () => {
      const held = await submitAndClaim()
      await write(held, keep(held))
      expect(await sweepable(later(LEFTOVERS_KEPT_MS * 2))).toEqual([])
    })

    it('are swept when they are due, until that is marked', async () => {
      const input = {
        blobKey: 'jobs/x/inputs/0',
        contentType: 'image/png',
        bytes: 1,
        name: 'a',
      } as const
      const held = await submitAndClaim({ request: { images: [input] } })
      await write(held, keep(held))
      expect(await sweepable(later(LEFTOVERS_KEPT_MS - 1))).toEqual([])
      expect(await sweepable(later(LEFTOVERS_KEPT_MS))).toEqual([held.id])
      const nextAt = later(LEFTOVERS_KEPT_MS + PARTIALS_KEPT_MS)
      await store.markSwept({ jobId: held.id, nextAt })
      expect(await sweepable(later(LEFTOVERS_KEPT_MS))).toEqual([])
      expect(await sweepable(nextAt)).toEqual([held.id])
      await store.markSwept({ jobId: held.id, nextAt: null })
      expect(await sweepable(nextAt)).toEqual([])
    })

    it('are known by the jobs that exist', async () => {
      const [a, b] = [await submit({ number: 1 }), await submit({ number: 2 })]
      expect(await store.findJobs([b, sampleId('img', 404), a])).toEqual([a, b])
      expect(await store.findJobs([])).toEqual([])
    })
  })
}
