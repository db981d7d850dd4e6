import type { ColumnType } from 'kysely'

type JsonText = ColumnType<unknown, string, string>

/** One image request. Optimistic locking: every update names the `version` it has read. */
export interface ImageJobsTable {
  id: string
  wallet: string
  api_key_id: string
  model: string
  body_hash: string
  request: JsonText
  /** The prompt's first characters in lower case, for searching; null in rows of older releases. */
  prompt_search: string | null
  state: string
  /** The parts with their states, ordered by index. */
  parts: JsonText
  /** The number of parts waiting to be generated, so that listings need not parse `parts`. */
  waiting: number
  failure: JsonText | null
  version: number
  /** Grows with every claim and every requeue. */
  fence: number
  attempts: number
  lost_claims: number
  /** The number of the newest event. */
  last_seq: number
  /** The runner that holds the claim, and its last heartbeat. */
  runner: string | null
  heartbeat_at: Date | null
  created_at: Date
  /** When it was queued last. */
  queued_at: Date
  deadline_at: Date
  started_at: Date | null
  ended_at: Date | null
  /** When blobs that the ended job no longer needs are to be removed. */
  sweep_at: Date | null
}

/** The events of a job, numbered from 1. */
export interface ImageJobEventsTable {
  job_id: string
  seq: number
  at: Date
  fact: JsonText
}

export interface ImagesTables {
  image_jobs: ImageJobsTable
  image_job_events: ImageJobEventsTable
}
