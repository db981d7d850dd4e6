import type { ImageJob, JobState } from './image-job.ts'

/** The number of characters of a prompt that are searched. */
export const SEARCHED_CHARS_MAX = 2_000
/** The maximum number of jobs scanned for one page of a filtered list; then the page ends with a cursor. */
export const SCAN_ROWS_MAX = 5_000

/** A position in a list: after this job. */
export interface JobCursor {
  createdAt: Date
  id: string
}

/** The range that is read from an index. */
export interface JobRange {
  /** The wallet of the jobs; all wallets when absent. */
  wallet?: string | undefined
  createdFrom?: Date | undefined
  /** Exclusive. */
  createdBefore?: Date | undefined
  after?: JobCursor | undefined
}

/** Conditions on each job of the range; they may match few of them. */
export interface JobFilter {
  state?: JobState | undefined
  /** The complete public model name. */
  model?: string | undefined
  /** A substring of the prompt, case-insensitive, without wildcards. */
  promptPart?: string | undefined
}

export interface JobListQuery extends JobRange, JobFilter {
  limit: number
}

export interface JobPage {
  jobs: ImageJob[]
  /** The cursor of the next page; null when there is none. */
  next: JobCursor | null
}

export interface JobCounts {
  queued: number
  /** When the job that has been queued the longest was queued; null when none is queued. */
  oldestQueuedAt: Date | null
  /** Claimed by a runner. */
  generating: number
  /** Ended since `endedSince` with at least one picture; `failed`: without any. Excludes cancelled jobs. */
  done: number
  failed: number
}

export interface FailureQuery {
  wallet: string
  /** Creation time of the job, inclusive. */
  from: Date
  /** Exclusive. */
  until: Date
  apiKeyId?: string | undefined
  model?: string | undefined
  rowsMax: number
}

/** The number of failed jobs of one UTC day and one model; cancelled jobs are not failed. */
export interface FailureSum {
  day: string
  model: string
  failures: number
}

/** The part of the job store for lists. */
export interface ListStore {
  /**
   * Jobs, newest first, at most `limit`. A filtered page may have fewer, even none, and still have a next
   * page: whatever the filter, one page scans at most SCAN_ROWS_MAX jobs.
   */
  listJobs(query: JobListQuery): Promise<JobPage>
  /** `queuePosition` of many jobs, by job id; only for queued ones. */
  queuePositions(jobIds: readonly string[]): Promise<Map<string, number>>
  /** Counts the jobs of all wallets by state; ended jobs from `endedSince` on. */
  countJobs(query: { endedSince: Date }): Promise<JobCounts>
  /** Failed jobs of a wallet by day and model, in no particular order; at most `rowsMax` rows. */
  countFailedByDay(query: FailureQuery): Promise<FailureSum[]>
}

/** Normalizes text for the search; applied to the prompt and to `promptPart`. */
export function searchedText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '').toLowerCase()
}

export const searchedPrompt = (prompt: string): string =>
  searchedText(prompt.slice(0, SEARCHED_CHARS_MAX))
