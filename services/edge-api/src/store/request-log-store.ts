import type { RequestRecord } from '../request.ts'

/** Rows are kept so long, in whole days of UTC; then their partitions are dropped. */
export const LOG_KEPT_MS = 30 * 86_400_000

/** The request log: appended in batches, read by people. Not money: a row may be lost. */
export interface RequestLogStore extends RequestLogReads {
  /** Appends rows; a request id that is there already is skipped. */
  append(rows: readonly RequestRecord[]): Promise<void>
  /** Makes sure that rows of this day and the next have a partition to go to. */
  openPartitions(today: Date): Promise<void>
  /** Drops partitions of days before `before`; answers how many. */
  dropPartitions(before: Date): Promise<number>
}

/** What is read of the log. Rejects with `unavailable` while the database is away. */
export interface RequestLogReads {
  /** Requests of a wallet by day of UTC and model, in no order; at most `rowsMax`. */
  countByDay(query: LogQuery & { rowsMax: number }): Promise<LoggedSum[]>
  /** How long a wallet's good answers took, of every day that has any and of all of them. */
  readLatency(query: LogStretch): Promise<LoggedLatency>
  /** True when the log has any request of the wallet. */
  hasRequests(wallet: string): Promise<boolean>
  /** Requests of everybody that arrived in a stretch of time, by the minute; no row for quiet ones. */
  countByMinute(between: Stretch): Promise<LoggedMinute[]>
  /**
   * Requests of everybody that ended in a stretch of time. Looks at those that arrived at most
   * `lookBackMs` before it; who took longer is not counted.
   */
  countEnded(between: Stretch & { lookBackMs: number }): Promise<LoggedCount>
}

export interface Stretch {
  from: Date
  /** Not included. */
  until: Date
}

export interface LogStretch extends Stretch {
  wallet: string
}

export interface LogQuery extends LogStretch {
  apiKeyId?: string | undefined
  model?: string | undefined
}

/**
 * Failures of a wallet: whatever ended with an error, but for callers who left, and for requests that became
 * image tasks: a task has an end of its own.
 */
export interface LoggedSum {
  day: string
  /** Empty when the request ended before its model was known. */
  model: string
  requests: number
  failures: number
}

/** Milliseconds; null without a good answer. */
export interface Percentiles {
  p50Ms: number | null
  p95Ms: number | null
}

export interface LoggedLatency extends Percentiles {
  days: (Percentiles & { day: string })[]
}

/** Failures of the house: through us or an upstream, not through the caller. */
export interface LoggedCount {
  requests: number
  failures: number
}

export interface LoggedMinute extends LoggedCount {
  at: Date
}
