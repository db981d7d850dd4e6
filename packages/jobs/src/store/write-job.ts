/**
 * A job's row, its events and its outbox rows change in one statement, which is a transaction and a
 * round trip at once. Data-modifying CTEs all read the state before the statement, and none of these
 * touches a row twice.
 */
import type { ImageJobEvent } from '@sluice/contracts/events'
import type { Tables } from '@sluice/db/tables'
import type { ImageJobsTable } from '@sluice/db/tables/images'
import type { Kysely, RawBuilder, Selectable } from 'kysely'
import { sql } from 'kysely'

import { queuedHint } from '../hints.ts'
import type { JobRecord, Transition } from '../job-record.ts'
import { hasEnded } from '../job-record.ts'
import { fromColumn, readRow, writeChange, writeRow } from './job-row.ts'

/** The relay leaves the writer this long to announce by itself. */
const OUTBOX_DUE_AFTER_MS = 1_000

/** Writes a new job; false when its id is taken. */
export async function insertJob(db: Kysely<Tables>, { job, events }: Transition): Promise<boolean> {
  const row = writeRow(job)
  const written = await writeWith(
    db,
    sql`
    insert into image_jobs (${sql.join(Object.keys(row).map(sql.ref))})
    values (${sql.join(Object.values(row))})
    on conflict (id) do nothing
    returning id`,
    { before: undefined, job, events },
  )
  return written.length > 0
}

/** Writes what became of `before`; false when the row has another version by now. */
export async function updateJob(
  db: Kysely<Tables>,
  { before, moved }: { before: JobRecord; moved: Transition },
): Promise<boolean> {
  const written = await writeWith(
    db,
    sql`
    update image_jobs set ${assignments(writeChange(moved.job))}
    where id = ${before.id} and version = ${before.version}
    returning id`,
    { before, ...moved },
  )
  return written.length > 0
}

/** Claims a job that was never claimed, and reads it by that; undefined when it is none. */
export async function claimFirst(
  db: Kysely<Tables>,
  { moved, count, now }: { moved: Transition; count: number; now: Date },
): Promise<JobRecord | undefined> {
  const { queued_at: _keptAsItIs, ...change } = writeChange(moved.job)
  const written = await writeWith(
    db,
    sql`
    update image_jobs set ${assignments(change)}
    where id = ${moved.job.id} and version = 1 and waiting = ${count} and deadline_at > ${now}
    returning *`,
    { before: { state: 'queued' }, ...moved },
  )
  const [row] = written
  return row === undefined ? undefined : readRow(fromColumn<Selectable<ImageJobsTable>>(row))
}

const assignments = (columns: Record<string, unknown>) =>
  sql.join(Object.entries(columns).map(([column, value]) => sql`${sql.ref(column)} = ${value}`))

async function writeWith(
  db: Kysely<Tables>,
  writeJob: RawBuilder<unknown>,
  { before, job, events }: { before: Pick<JobRecord, 'state'> | undefined } & Transition,
): Promise<unknown[]> {
  const steps = [sql`written as (${writeJob})`, sql`told as (${insertEvents(events)})`]
  if (before?.state === 'queued' && job.state !== 'queued') {
    steps.push(sql`cleared as (
      delete from outbox using written where topic = 'image-job-queued' and key = written.id)`)
  }
  if (job.state === 'queued') {
    const dueAt = new Date(job.queuedAt.getTime() + OUTBOX_DUE_AFTER_MS)
    steps.push(promise({ topic: 'image-job-queued', payload: queuedHint(job), dueAt }))
  }
  if (hasEnded(job)) {
    const dueAt = new Date((job.endedAt?.getTime() ?? 0) + OUTBOX_DUE_AFTER_MS)
    steps.push(promise({ topic: 'image-job-ended', payload: { jobId: job.id }, dueAt }))
  }
  const result = await sql`with ${sql.join(steps)} select * from written`.execute(db)
  return result.rows
}

function insertEvents(events: readonly ImageJobEvent[]): RawBuilder<unknown> {
  return sql`
    insert into image_job_events (job_id, seq, at, fact)
    select written.id, event.seq, event.at, event.fact
    from written, unnest(
      ${events.map(({ seq }) => seq)}::int[],
      ${events.map(({ at }) => at)}::timestamptz[],
      ${events.map(({ fact }) => JSON.stringify(fact))}::json[]
    ) as event (seq, at, fact)`
}

// As `writeOutbox` of packages/db writes it, but within the same statement.
function promise({
  topic,
  payload,
  dueAt,
}: {
  topic: 'image-job-queued' | 'image-job-ended'
  payload: object
  dueAt: Date
}): RawBuilder<unknown> {
  return sql`promised as (
    insert into outbox (topic, key, payload, due_at)
    select ${topic}, written.id, ${JSON.stringify(payload)}::jsonb, ${dueAt}::timestamptz from written
    on conflict (topic, key) do update set
      payload = excluded.payload,
      due_at = excluded.due_at,
      revision = nextval('outbox_revision'),
      attempts = 0)`
}
