import type { ColumnType } from 'kysely'

type JsonText = ColumnType<unknown, string, string>

/** One image request. `version` guards every change: a writer names the version it has seen. */
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
  /** The parts with their states, in order of index. */
  parts: JsonText
  /** How many of them wait to be drawn; for listings, which then need not open `parts`. */
  waiting: number
  failure: JsonText | null
  version: number
  /** Grows with every claim and every requeue. */
  fence: number
  attempts: number
  lost_claims: number
  /** The number of the newest event. */
  last_seq: number
  /** Who holds the claim, and its last sign of life. */
  runner: string | null
  heartbeat_at: Date | null
  created_at: Date
  /** Since when it waits. */
  queued_at: Date
  deadline_at: Date
  started_at: Date | null
  ended_at: Date | null
  /** When blobs of the ended job that nobody needs any longer are to be removed. */
  sweep_at: Date | null
}

/** What happened to a job, numbered from 1. */
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
