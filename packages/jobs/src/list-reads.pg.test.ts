import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { createKyselyJobStore } from './kysely-job-store.ts'
import type { JobFilter, JobListQuery, JobPage } from './list-store.ts'
import { SCAN_ROWS_MAX } from './list-store.ts'
import { sampleId } from './testing/sample-job.ts'

const JOBS = 40_000
const WALLETS = 20
const wallet = sampleId('wal', 7)

const withoutMatch = {
  state: { state: 'failed' },
  model: { model: 'none' },
  promptPart: { promptPart: 'needle' },
} satisfies { [Member in keyof JobFilter]-?: Pick<JobFilter, Member> }

eachPostgres('a list of many image jobs', (open) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
    await fill(database)
  }, 120_000)
  afterAll(() => database.close())

  /** A page, and how many rows PostgreSQL read for it. */
  const countReads = (query: Partial<JobListQuery>): Promise<JobPage & { reads: number }> =>
    database.db.transaction().execute(async (trx) => {
      const before = await readsOf(trx)
      const page = await createKyselyJobStore({ db: trx }).listJobs({ limit: 25, ...query })
      return { ...page, reads: (await readsOf(trx)) - before }
    })
  // The counters of the current transaction, which are not reported to the statistics yet.
  const readsOf = async (db: TestDatabase['db']) => {
    const { rows } = await sql<{ reads: number }>`
      select (seq_tup_read + idx_tup_fetch)::int as reads
      from pg_stat_xact_user_tables where relname = 'image_jobs'`.execute(db)
    return rows[0]?.reads ?? 0
  }

  it('reads only the rows of the page, of one wallet or of all, on the first page and later', async () => {
    const head = await countReads({ wallet })
    const after = head.next ?? undefined
    const day = new Date(Date.UTC(2026, 10, 21, 3))
    for (const query of [
      { wallet },
      {},
      { wallet, after },
      { after },
      { wallet, createdBefore: day },
      { createdFrom: day },
    ]) {
      const { jobs, reads } = await countReads(query)
      expect(jobs).toHaveLength(25)
      // One row more shows that there is a next page, and one is the end of the previous page.
      expect(reads).toBeLessThanOrEqual(27)
    }
  })

  it('stops a search when the page is full, and a search without matches at its limit', async () => {
    expect((await countReads({ promptPart: 'prompt' })).reads).toBe(26)
    const unmatched = await countReads({ promptPart: 'needle' })
    expect(unmatched.jobs).toEqual([])
    expect(unmatched.next).not.toBeNull()
    // A second scan finds the cursor.
    expect(unmatched.reads).toBeLessThanOrEqual(2 * SCAN_ROWS_MAX)
    const own = await countReads({ wallet, state: 'failed' })
    expect([own.jobs, own.next]).toEqual([[], null])
    expect(own.reads).toBeLessThanOrEqual((2 * JOBS) / WALLETS)
  })

  it.each(Object.entries(withoutMatch))(
    'a list whose %s matches nothing ends with the cursor of its limit',
    async (_member, filter) => {
      const { jobs, next } = await countReads(filter)
      expect(jobs).toEqual([])
      expect(next).not.toBeNull()
    },
  )

  it('counts failures without reading successful jobs', async () => {
    const reads = await database.db.transaction().execute(async (trx) => {
      const before = await readsOf(trx)
      const year = { from: new Date(Date.UTC(2026, 0, 1)), until: new Date(Date.UTC(2027, 0, 1)) }
      const store = createKyselyJobStore({ db: trx })
      expect(await store.countFailedByDay({ wallet, ...year, rowsMax: 100 })).toEqual([])
      return (await readsOf(trx)) - before
    })
    // The planner itself reads both ends of an index.
    expect(reads).toBeLessThanOrEqual(4)
  })
})

/** Inserts ended jobs, a second apart, alternating between wallets. */
async function fill({ db }: TestDatabase): Promise<void> {
  await sql`
    insert into image_jobs (id, wallet, api_key_id, model, body_hash, request, prompt_search, state, parts,
      waiting, version, fence, attempts, lost_claims, last_seq, created_at, queued_at, deadline_at, ended_at)
    select 'img_' || lpad(to_hex(n), 32, '0'), 'wal_' || lpad(to_hex(n % ${WALLETS}), 32, '0'), 'key', 'm',
      'hash', '{}', 'prompt ' || n, 'done', '[]', 0, 3, 1, 1, 0, 5, at, at, at, at
    from generate_series(1, ${JOBS}::int) n
    cross join lateral (select timestamptz '2026-11-21 00:00Z' + n * interval '1 second' as at) age`.execute(
    db,
  )
  await sql`analyze image_jobs`.execute(db)
}
