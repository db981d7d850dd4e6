import { assert } from '@sluice/kernel/assert'
import { beforeEach, describe, expect, it } from 'vitest'

import type { StoreScene, StoreUnderTest } from '../test/store-scene.ts'
import { openStoreScene } from '../test/store-scene.ts'
import { LOST_CLAIMS_MAX } from './job.ts'
import { LEFTOVERS_KEPT_MS, PARTIALS_KEPT_MS } from './sweep.ts'
import { sampleId } from './testing/sample-job.ts'

/** What every upkeep store promises. `make` answers an empty one. */
export function backgroundStoreContract(make: () => Promise<StoreUnderTest>): void {
  let scene: StoreScene
  beforeEach(async () => void (scene = await openStoreScene(make)))

  describe('a lost claim', () => {
    it('is told from a living one by its heartbeat', async () => {
      const { clock, store, now, read, submitAndClaim } = scene
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
      const { outbox, write, keep, lose, submitAndClaim } = scene
      const held = await submitAndClaim({ request: { count: 2 } })
      const { job } = await write(held, keep(held, 0))
      const lost = await lose(job)
      expect(lost?.job).toMatchObject({ state: 'queued', fence: 2, lostClaims: 1 })
      expect(lost?.job.parts).toMatchObject([
        { state: 'stored', unconfirmedCharges: 0 },
        { state: 'waiting', unconfirmedCharges: 1 },
      ])
      expect(await outbox()).toEqual([`image-job-queued ${held.id}`])
      expect(await lose(job)).toBeUndefined()
    })

    it('is not tried for ever: the job ends with what was kept', async () => {
      const { outbox, submit, claim, write, keep, lose, read } = scene
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
      const { store, submit, submitAndClaim } = scene
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
    it('fails a job that nobody could draw, and one that took too long, in words of their own', async () => {
      const { clock, store, outbox, now, submit, submitAndClaim } = scene
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

    it('leaves delivered what was kept before it', async () => {
      const { clock, store, now, write, keep, submitAndClaim } = scene
      const held = await submitAndClaim({ lastsMs: 1_000, request: { count: 2 } })
      await write(held, keep(held, 0))
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
    const later = (ms: number) => new Date(scene.clock.nowMs() + ms)
    const sweepable = async (at: Date) =>
      (await scene.store.listSweepable({ now: at, limit: 10 })).map(({ id }) => id)

    it('are none to sweep where every picture was kept', async () => {
      const { write, keep, submitAndClaim } = scene
      const held = await submitAndClaim()
      await write(held, keep(held))
      expect(await sweepable(later(LEFTOVERS_KEPT_MS * 2))).toEqual([])
    })

    it('are swept when they are due, until that is marked', async () => {
      const { store, write, keep, submitAndClaim } = scene
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
      const { store, submit } = scene
      const [a, b] = [await submit({ number: 1 }), await submit({ number: 2 })]
      expect(await store.findJobs([b, sampleId('img', 404), a])).toEqual([a, b])
      expect(await store.findJobs([])).toEqual([])
    })
  })
}
