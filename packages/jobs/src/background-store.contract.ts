import { assert } from '@sluice/kernel/assert'
import { beforeEach, describe, expect, it } from 'vitest'

import type { StoreFixture, StoreUnderTest } from '../test/store-fixture.ts'
import { createStoreFixture } from '../test/store-fixture.ts'
import { LOST_CLAIMS_MAX } from './job.ts'
import { LEFTOVERS_RETENTION_MS, PARTIALS_RETENTION_MS } from './sweep.ts'
import { sampleId } from './testing/sample-job.ts'

/** The tests that every background store must pass. `make` returns an empty one. */
export function backgroundStoreContract(make: () => Promise<StoreUnderTest>): void {
  let fixture: StoreFixture
  beforeEach(async () => void (fixture = await createStoreFixture(make)))

  describe('a lost claim', () => {
    it('is not requeued when its heartbeat has changed', async () => {
      const { clock, store, now, read, submitAndClaim } = fixture
      const held = await submitAndClaim()
      const [listed] = await store.listClaims({ afterJobId: '', limit: 10 })
      assert(listed, 'the claim is not listed')
      expect(listed).toEqual({ jobId: held.id, fence: 1, heartbeatAt: now() })
      await clock.advance(5_000)
      await store.heartbeat({ claims: [listed], now: now() })
      expect(await store.requeueLost({ ...listed, now: now() })).toBeUndefined()
      expect((await read(held.id)).state).toBe('claimed')
    })

    it('is requeued with a higher fence, and a running part has an unconfirmed charge', async () => {
      const { outbox, write, storePart, lose, submitAndClaim } = fixture
      const held = await submitAndClaim({ request: { count: 2 } })
      const { job } = await write(held, storePart(held, 0))
      const lost = await lose(job)
      expect(lost?.job).toMatchObject({ state: 'queued', fence: 2, lostClaims: 1 })
      expect(lost?.job.parts).toMatchObject([
        { state: 'stored', unconfirmedCharges: 0 },
        { state: 'waiting', unconfirmedCharges: 1 },
      ])
      expect(await outbox()).toEqual([`image-job-queued ${held.id}`])
      expect(await lose(job)).toBeUndefined()
    })

    it('is requeued a limited number of times: then the job ends with the stored pictures', async () => {
      const { outbox, submit, claim, write, storePart, lose, read } = fixture
      const jobId = await submit({ request: { count: 2 } })
      const { job } = await write(await claim(jobId), storePart(await read(jobId), 0))
      let lost = await lose(job)
      for (let times = 1; times < LOST_CLAIMS_MAX; times += 1) {
        expect(lost?.job.state).toBe('queued')
        lost = await lose(await claim(jobId))
      }
      expect(lost?.job).toMatchObject({ state: 'done', failure: null })
      expect(lost?.job.parts[1]).toMatchObject({ failure: { code: 'internal_error' } })
      expect(await outbox()).toEqual([`image-job-ended ${jobId}`])
    })

    it('is listed in pages', async () => {
      const { store, submit, submitAndClaim } = fixture
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

  describe('a deadline', () => {
    it('fails a job that never started and a job that took too long with different codes', async () => {
      const { clock, store, outbox, now, submit, submitAndClaim } = fixture
      const waiting = await submit({ number: 1, lastsMs: 1_000 })
      const generating = await submitAndClaim({ number: 2, lastsMs: 2_000 })
      const later = await submit({ number: 3, lastsMs: 9_000 })
      const expired = () => store.listExpired({ now: now(), limit: 10 })
      expect(await expired()).toEqual([])
      expect(await store.failExpired({ jobId: waiting, now: now() })).toBeUndefined()
      await clock.advance(2_000)
      expect(await expired()).toEqual([waiting, generating.id])
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
        `image-job-ended ${generating.id}`,
        `image-job-queued ${later}`,
      ])
    })

    it('does not remove pictures that were stored before it', async () => {
      const { clock, store, now, write, storePart, submitAndClaim } = fixture
      const held = await submitAndClaim({ lastsMs: 1_000, request: { count: 2 } })
      await write(held, storePart(held, 0))
      await clock.advance(1_000)
      const failed = await store.failExpired({ jobId: held.id, now: now() })
      expect(failed?.job).toMatchObject({ state: 'done', failure: null })
      expect(failed?.job.parts).toMatchObject([
        { state: 'stored' },
        { state: 'failed', failure: { code: 'upstream_timeout' }, unconfirmedCharges: 1 },
      ])
    })
  })

  describe('blobs of an ended job', () => {
    const later = (ms: number) => new Date(fixture.clock.nowMs() + ms)
    const sweepable = async (at: Date) =>
      (await fixture.store.listSweepable({ now: at, limit: 10 })).map(({ id }) => id)

    it('are not sweepable when every picture was stored', async () => {
      const { write, storePart, submitAndClaim } = fixture
      const held = await submitAndClaim()
      await write(held, storePart(held))
      expect(await sweepable(later(LEFTOVERS_RETENTION_MS * 2))).toEqual([])
    })

    it('are sweepable when due, until they are marked as swept', async () => {
      const { store, write, storePart, submitAndClaim } = fixture
      const input = {
        blobKey: 'jobs/x/inputs/0',
        contentType: 'image/png',
        bytes: 1,
        name: 'a',
      } as const
      const held = await submitAndClaim({ request: { images: [input] } })
      await write(held, storePart(held))
      expect(await sweepable(later(LEFTOVERS_RETENTION_MS - 1))).toEqual([])
      expect(await sweepable(later(LEFTOVERS_RETENTION_MS))).toEqual([held.id])
      const nextAt = later(LEFTOVERS_RETENTION_MS + PARTIALS_RETENTION_MS)
      await store.markSwept({ jobId: held.id, nextAt })
      expect(await sweepable(later(LEFTOVERS_RETENTION_MS))).toEqual([])
      expect(await sweepable(nextAt)).toEqual([held.id])
      await store.markSwept({ jobId: held.id, nextAt: null })
      expect(await sweepable(nextAt)).toEqual([])
    })

    it('are matched with existing jobs by findJobs', async () => {
      const { store, submit } = fixture
      const [a, b] = [await submit({ number: 1 }), await submit({ number: 2 })]
      expect(await store.findJobs([b, sampleId('img', 404), a])).toEqual([a, b])
      expect(await store.findJobs([])).toEqual([])
    })
  })
}
