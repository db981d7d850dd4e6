/**
 * A job's row, its events and its outbox rows are written in one statement: one transaction in one round
 * trip. Data-modifying CTEs all read the state before the statement, and none of these changes a row that
 * another one changes.
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

/** How long the outbox relay waits for the writer to publish the message itself. */
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

/** Replaces `before`; false when the row has another version. */
export async function updateJob(
  db: Kysely<Tables>,
  { before, transition }: { before: JobRecord; transition: Transition },
): Promise<boolean> {
  const written = await writeWith(
    db,
    sql`
    update image_jobs set ${assignments(writeChange(transition.job))}
    where id = ${before.id} and version = ${before.version}
    returning id`,
    { before, ...transition },
  )
  return written.length > 0
}

/** Claims a job that was never claimed and reads it in the same statement; undefined for any other job. */
export async function claimFirst(
  db: Kysely<Tables>,
  { transition, count, now }: { transition: Transition; count: number; now: Date },
): Promise<JobRecord | undefined> {
  const { queued_at: _unchanged, ...change } = writeChange(transition.job)
  const written = await writeWith(
    db,
    sql`
    update image_jobs set ${assignments(change)}
    where id = ${transition.job.id} and version = 1 and waiting = ${count} and deadline_at > ${now}
    returning *`,
    { before: { state: 'queued' }, ...transition },
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
  const steps = [sql`written as (${writeJob})`, sql`inserted_events as (${insertEvents(events)})`]
  if (before?.state === 'queued' && job.state !== 'queued') {
    steps.push(sql`cleared as (
      delete from outbox using written where topic = 'image-job-queued' and key = written.id)`)
  }
  if (job.state === 'queued') {
    const dueAt = new Date(job.queuedAt.getTime() + OUTBOX_DUE_AFTER_MS)
    steps.push(upsertOutbox({ topic: 'image-job-queued', payload: queuedHint(job), dueAt }))
  }
  if (hasEnded(job)) {
    const dueAt = new Date((job.endedAt?.getTime() ?? 0) + OUTBOX_DUE_AFTER_MS)
    steps.push(upsertOutbox({ topic: 'image-job-ended', payload: { jobId: job.id }, dueAt }))
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

// The same as `writeOutbox` of packages/db, but as a part of the same statement.
function upsertOutbox({
  topic,
  payload,
  dueAt,
}: {
  topic: 'image-job-queued' | 'image-job-ended'
  payload: object
  dueAt: Date
}): RawBuilder<unknown> {
  return sql`outbox_row as (
    insert into outbox (topic, key, payload, due_at)
    select ${topic}, written.id, ${JSON.stringify(payload)}::jsonb, ${dueAt}::timestamptz from written
    on conflict (topic, key) do update set
      payload = excluded.payload,
      due_at = excluded.due_at,
      revision = nextval('outbox_revision'),
      attempts = 0)`
}
