import type { ImageJobEvent } from '@sluice/contracts/events'
import type { ImageJobEventsTable, ImageJobsTable } from '@sluice/db/tables/images'
import type { Insertable, Selectable } from 'kysely'

import { countWaiting } from '../hints.ts'
import type { JobRecord } from '../job-record.ts'
import { searchedPrompt } from '../list-store.ts'

export function writeRow(job: JobRecord): Insertable<ImageJobsTable> {
  return {
    id: job.id,
    wallet: job.wallet,
    api_key_id: job.apiKeyId,
    model: job.request.model,
    body_hash: job.bodyHash,
    request: JSON.stringify(job.request),
    prompt_search: searchedPrompt(job.request.prompt),
    created_at: job.createdAt,
    deadline_at: job.deadlineAt,
    ...writeChange(job),
  }
}

/** The mutable columns of a job. */
export function writeChange(job: JobRecord) {
  return {
    state: job.state,
    parts: JSON.stringify(job.parts),
    waiting: countWaiting(job),
    failure: job.failure && JSON.stringify(job.failure),
    version: job.version,
    fence: job.fence,
    attempts: job.attempts,
    lost_claims: job.lostClaims,
    last_seq: job.lastSeq,
    runner: job.runner,
    heartbeat_at: job.heartbeatAt,
    queued_at: job.queuedAt,
    started_at: job.startedAt,
    ended_at: job.endedAt,
    sweep_at: job.sweepAt,
  }
}

export function readRow(row: Selectable<ImageJobsTable>): JobRecord {
  return {
    id: row.id,
    wallet: row.wallet,
    apiKeyId: row.api_key_id,
    bodyHash: row.body_hash,
    request: fromColumn<JobRecord['request']>(row.request),
    state: fromColumn<JobRecord['state']>(row.state),
    parts: fromColumn<JobRecord['parts']>(row.parts),
    failure: fromColumn<JobRecord['failure']>(row.failure),
    version: row.version,
    fence: row.fence,
    attempts: row.attempts,
    lostClaims: row.lost_claims,
    lastSeq: row.last_seq,
    runner: row.runner,
    heartbeatAt: row.heartbeat_at,
    createdAt: row.created_at,
    queuedAt: row.queued_at,
    deadlineAt: row.deadline_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    sweepAt: row.sweep_at,
  }
}

export function readEventRow(row: Selectable<ImageJobEventsTable>): ImageJobEvent {
  const fact = fromColumn<ImageJobEvent['fact']>(row.fact)
  return { jobId: row.job_id, seq: row.seq, at: row.at, fact }
}

/**
 * Casts a column value. Only `writeRow` and the insert of events write these columns, from typed values that
 * JSON preserves, so the type is known.
 */
export function fromColumn<Value>(column: unknown): Value {
  return column as Value
}
