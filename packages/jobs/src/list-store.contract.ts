import { beforeEach, describe, expect, it } from 'vitest'

import type { StoreFixture, StoreUnderTest } from '../test/store-fixture.ts'
import { failure, createStoreFixture } from '../test/store-fixture.ts'
import type { JobCursor, JobListQuery } from './list-store.ts'
import { SCAN_ROWS_MAX, SEARCHED_CHARS_MAX } from './list-store.ts'
import { sampleId, sampleJob } from './testing/sample-job.ts'

const wallet = sampleId('wal', 1)
const prompt = (text: string) => ({ request: { prompt: text } })

/** The tests that every list store must pass. `make` returns an empty one. */
export function listStoreContract(make: () => Promise<StoreUnderTest>): void {
  let fixture: StoreFixture
  beforeEach(async () => void (fixture = await createStoreFixture(make)))

  const numbersOf = async (query: Partial<JobListQuery>) => {
    const { jobs, next } = await fixture.store.listJobs({ limit: 100, ...query })
    return { numbers: jobs.map(({ id }) => Number.parseInt(id.slice(4), 16)), next }
  }

  describe('a list of jobs', () => {
    it('has every job once, newest first, in pages, while more are submitted', async () => {
      const { clock, submit } = fixture
      // Three at each time, so that the time alone does not determine the order.
      for (let number = 1; number <= 9; number += 1) {
        await submit({ number })
        if (number % 3 === 0) await clock.advance(10)
      }
      const seen: number[] = []
      let after: JobCursor | undefined
      for (let page = 0; page < 5; page += 1) {
        const { numbers, next } = await numbersOf({ wallet, limit: 2, after })
        seen.push(...numbers)
        await submit({ number: 100 + page })
        expect(next === null).toBe(page === 4)
        after = next ?? undefined
      }
      expect(seen).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1])
    })

    it('has the jobs of one wallet, or of all wallets', async () => {
      const { submit } = fixture
      await submit({ number: 1 })
      await submit({ number: 2, wallet: 2 })
      expect(await numbersOf({ wallet })).toEqual({ numbers: [1], next: null })
      expect(await numbersOf({})).toEqual({ numbers: [2, 1], next: null })
      expect(await numbersOf({ wallet: sampleId('wal', 3) })).toEqual({ numbers: [], next: null })
    })

    it('has the same record of each job as read()', async () => {
      const { store, read, write, storePart, submitAndClaim } = fixture
      const held = await submitAndClaim({ request: { count: 2 } })
      await write(held, storePart(held, 1))
      const { jobs } = await store.listJobs({ limit: 1 })
      expect(jobs).toEqual([await read(held.id)])
    })

    it('is filtered by state, model and days', async () => {
      const { clock, now, submit, claim } = fixture
      await submit({ number: 1, request: { model: 'a' } })
      const firstDay = now()
      await clock.advance(1_000)
      await claim(await submit({ number: 2, request: { model: 'b' } }))
      await clock.advance(1_000)
      await submit({ number: 3, request: { model: 'b' } })
      expect((await numbersOf({ state: 'queued' })).numbers).toEqual([3, 1])
      expect((await numbersOf({ state: 'claimed', wallet })).numbers).toEqual([2])
      expect((await numbersOf({ model: 'b' })).numbers).toEqual([3, 2])
      expect((await numbersOf({ model: 'b', state: 'queued' })).numbers).toEqual([3])
      expect((await numbersOf({ createdFrom: firstDay })).numbers).toEqual([3, 2, 1])
      expect((await numbersOf({ createdBefore: firstDay })).numbers).toEqual([])
      expect((await numbersOf({ createdFrom: firstDay, createdBefore: now() })).numbers).toEqual([
        2, 1,
      ])
      expect((await numbersOf({ state: 'queued', limit: 1 })).next).not.toBeNull()
    })

    it('is searched by a substring of the prompt, case-insensitively and literally', async () => {
      const { submit } = fixture
      await submit({ number: 1, ...prompt('A Lighthouse at 100% \\ dusk_1') })
      await submit({ number: 2, ...prompt('ein LEUCHTTURM über dem Meer, 灯塔') })
      await submit({ number: 3, ...prompt('NUL \u0000here, half a pair \ud83d, 🖼') })
      const found = async (promptPart: string) => (await numbersOf({ wallet, promptPart })).numbers
      expect(await found('LIGHTHOUSE')).toEqual([1])
      expect(await found('0% \\ d')).toEqual([1])
      expect(await found('%a%')).toEqual([])
      expect(await found('dusk_')).toEqual([1])
      expect(await found('duskX')).toEqual([])
      expect(await found('t_r')).toEqual([])
      expect(await found('\\')).toEqual([1])
      expect(await found('ÜBER')).toEqual([2])
      expect(await found('灯塔')).toEqual([2])
      expect(await found('nul here')).toEqual([3])
      expect(await found('🖼')).toEqual([3])
      expect(await found("'; drop table image_jobs; --")).toEqual([])
    })

    it('searches only the first part of a long prompt', async () => {
      const { submit } = fixture
      const long = `${'a '.repeat(SEARCHED_CHARS_MAX / 2 - 2)}near far`
      await submit({ number: 1, ...prompt(long) })
      expect((await numbersOf({ promptPart: 'near' })).numbers).toEqual([1])
      expect((await numbersOf({ promptPart: 'far' })).numbers).toEqual([])
    })

    it('scans a bounded number of jobs for a page, and returns a cursor to continue', async () => {
      const { store, now, clock } = fixture
      const submitMany = async (from: number, to: number, text: string) => {
        for (let first = from; first <= to; first += 100) {
          const numbers = Array.from(
            { length: Math.min(100, to - first + 1) },
            (_n, i) => first + i,
          )
          const sample = (number: number) => sampleJob({ number, now: now(), ...prompt(text) })
          await Promise.all(numbers.map((number) => store.submit(sample(number), now())))
        }
      }
      await submitMany(1, 3, 'a needle')
      await clock.advance(1)
      await submitMany(4, SCAN_ROWS_MAX + 2, 'hay')
      const first = await numbersOf({ wallet, promptPart: 'needle' })
      expect(first.numbers).toEqual([3])
      const after = first.next ?? undefined
      expect(await numbersOf({ wallet, promptPart: 'needle', after })).toEqual({
        numbers: [2, 1],
        next: null,
      })
    }, 120_000)
  })

  describe('counting', () => {
    it('returns the queued and claimed jobs, the oldest queued time, and recently ended jobs', async () => {
      const { clock, store, now, submit, claim, write, storePart, submitAndClaim } = fixture
      const countSince = (endedSince: Date) => store.countJobs({ endedSince })
      const nothing = { queued: 0, oldestQueuedAt: null, generating: 0, done: 0, failed: 0 }
      expect(await countSince(now())).toEqual(nothing)
      const before = now()
      await write(await submitAndClaim({ number: 1 }), {
        type: 'fail',
        index: 0,
        failure,
        unconfirmedCharges: 0,
      })
      await clock.advance(1_000)
      const since = now()
      const held = await submitAndClaim({ number: 2 })
      await write(held, storePart(held))
      await claim(await submit({ number: 3, wallet: 2 }))
      await store.cancel(await submit({ number: 4 }), now())
      const oldestQueuedAt = now()
      await submit({ number: 5, wallet: 2 })
      await clock.advance(1_000)
      await submit({ number: 6 })
      const current = { queued: 2, oldestQueuedAt, generating: 1, done: 1 }
      expect(await countSince(since)).toEqual({ ...current, failed: 0 })
      expect(await countSince(before)).toEqual({ ...current, failed: 1 })
      expect(await countSince(now())).toEqual({ ...current, done: 0, failed: 0 })
    })
  })

  describe('counting failures', () => {
    const day = (text: string) => new Date(`${text}T00:00:00.000Z`)
    const nothing = { failure, unconfirmedCharges: 0 }
    const period = { wallet, from: day('2026-11-20'), until: day('2026-11-23'), rowsMax: 10 }

    it('has every failed job once, on the day on which it was created, by its model', async () => {
      const { clock, store, now, submit, write, storePart, submitAndClaim } = fixture
      const failAt = async (job: Parameters<typeof submit>[0]) =>
        write(await submitAndClaim(job), { type: 'fail', index: 0, ...nothing })
      await clock.advance(day('2026-11-21').getTime() - 1 - now().getTime())
      const late = await submitAndClaim({ number: 1, request: { model: 'a' } })
      await clock.advance(1)
      await write(late, { type: 'fail', index: 0, ...nothing })
      await failAt({ number: 2, request: { model: 'a' } })
      await failAt({ number: 3, request: { model: 'a' } })
      await failAt({ number: 4, request: { model: 'b' } })
      await failAt({ number: 5, wallet: 2 })
      const held = await submitAndClaim({ number: 6, request: { count: 2 } })
      await write(held, { type: 'fail', index: 0, ...nothing }, storePart(held, 1))
      await store.cancel(await submit({ number: 7 }), now())
      await submit({ number: 8 })
      const count = async (only: object = {}) => {
        const rows = await store.countFailedByDay({ ...period, ...only })
        return rows.map((row) => Object.values(row).join(' ')).sort()
      }
      expect(await count()).toEqual(['2026-11-20 a 1', '2026-11-21 a 2', '2026-11-21 b 1'])
      expect(await count({ model: 'b' })).toEqual(['2026-11-21 b 1'])
      expect(await count({ from: day('2026-11-21') })).toHaveLength(2)
      expect(await count({ until: day('2026-11-21') })).toEqual(['2026-11-20 a 1'])
      expect(await count({ apiKeyId: sampleId('key', 1) })).toHaveLength(3)
      expect(await count({ apiKeyId: sampleId('key', 2) })).toEqual([])
      expect(await count({ rowsMax: 1 })).toHaveLength(1)
    })
  })

  describe('queue positions', () => {
    it('are returned for many jobs at once, for the queued ones', async () => {
      const { clock, store, submit, claim } = fixture
      const ids: string[] = []
      for (const number of [1, 2, 3, 4]) {
        ids.push(await submit({ number, request: { model: number === 3 ? 'b' : 'a' } }))
        await clock.advance(1)
      }
      const [first = '', second = '', other = '', last = ''] = ids
      await claim(first)
      const positions = await store.queuePositions([last, other, first, sampleId('img', 404)])
      expect([...positions].sort()).toEqual([
        [other, 1],
        [last, 2],
      ])
      for (const id of ids) {
        const position = (await store.queuePositions([id])).get(id)
        expect(position).toBe(await store.queuePosition(id))
      }
      expect((await store.queuePositions([second, last])).get(second)).toBe(1)
      expect(await store.queuePositions([])).toEqual(new Map())
    })
  })
}
