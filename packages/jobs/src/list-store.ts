import type { ImageJob, JobState } from './image-job.ts'

/** So many characters of a prompt can be searched. */
export const SEARCHED_CHARS_MAX = 2_000
/** So many jobs are looked at for one page of a filtered list; then the page ends, with a place to go on. */
export const SCAN_ROWS_MAX = 5_000

/** A place in a list: behind this job. */
export interface JobCursor {
  createdAt: Date
  id: string
}

export interface JobListQuery {
  /** Whose; everybody's when absent. */
  wallet?: string | undefined
  state?: JobState | undefined
  /** The public model name, whole. */
  model?: string | undefined
  /** A part of the prompt, in any case; taken literally. */
  promptPart?: string | undefined
  createdFrom?: Date | undefined
  /** Not included. */
  createdBefore?: Date | undefined
  after?: JobCursor | undefined
  limit: number
}

export interface JobPage {
  jobs: ImageJob[]
  /** Where the next page begins; null when there is none. */
  next: JobCursor | null
}

export interface JobCounts {
  queued: number
  /** Since when the one waits that has waited longest; null when none does. */
  oldestQueuedAt: Date | null
  /** Held by a runner. */
  generating: number
  /** Ended since: with a picture, or with none. Cancelled ones are neither. */
  done: number
  failed: number
}

export interface FailureQuery {
  wallet: string
  /** By when the job was asked for. */
  from: Date
  /** Not included. */
  until: Date
  apiKeyId?: string | undefined
  model?: string | undefined
  rowsMax: number
}

/** Jobs of one day of UTC and one model that ended without a picture, not by their caller's wish. */
export interface FailureSum {
  day: string
  model: string
  failures: number
}

/** The readers' part of the job store. */
export interface ListStore {
  /**
   * Jobs, newest first, at most `limit`. A filtered page may have fewer, even none, and a next page all
   * the same: whatever the filter, one page looks at no more than LOOKED_AT_MAX jobs.
   */
  listJobs(query: JobListQuery): Promise<JobPage>
  /** `queuePosition` of many: by job id, of those that wait. */
  queuePositions(jobIds: readonly string[]): Promise<Map<string, number>>
  /** Everybody's jobs as they stand; ends are counted from `endedSince` on. */
  countJobs(query: { endedSince: Date }): Promise<JobCounts>
  /** Failed jobs of a wallet by day and model, in no order; at most `rowsMax`. */
  countFailedByDay(query: FailureQuery): Promise<FailureSum[]>
}

/** What of a prompt is searched; `part` and prompt are both brought into this form. */
export function searchedText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '').toLowerCase()
}

export const searchedPrompt = (prompt: string): string =>
  searchedText(prompt.slice(0, SEARCHED_CHARS_MAX))
