import type { RequestRecord } from '../http/request.ts'

/** How long rows are retained, in whole UTC days; then their partitions are dropped. */
export const LOG_RETENTION_MS = 30 * 86_400_000

/** The request log: appended in batches, read for reports. It is not used for billing: a row may be lost. */
export interface RequestLogStore extends RequestLogReads {
  /** Appends rows; a known request id is skipped. */
  append(rows: readonly RequestRecord[]): Promise<void>
  /** Creates the partitions for this day and the next, if they are missing. */
  openPartitions(today: Date): Promise<void>
  /** Drops partitions of days before `before`; returns how many. */
  dropPartitions(before: Date): Promise<number>
}

/** Reads of the log. Rejects with `unavailable` while the database is unavailable. */
export interface RequestLogReads {
  /** Requests of a wallet by UTC day and model, unordered; at most `rowsMax`. */
  countByDay(query: LogQuery & { rowsMax: number }): Promise<LoggedSum[]>
  /** The latency of a wallet's successful answers, by day and in total. */
  readLatency(query: WalletTimeRange): Promise<LoggedLatency>
  /** True when the log has any request of the wallet. */
  hasRequests(wallet: string): Promise<boolean>
  /** All requests that arrived in a time range, by minute; minutes without requests are omitted. */
  countByMinute(between: TimeRange): Promise<LoggedMinute[]>
  /**
   * All requests that ended in a time range. Reads those that arrived at most `lookBackMs` before it; longer
   * requests are not counted.
   */
  countEnded(between: TimeRange & { lookBackMs: number }): Promise<LoggedCount>
}

export interface TimeRange {
  from: Date
  /** Not included. */
  until: Date
}

export interface WalletTimeRange extends TimeRange {
  wallet: string
}

export interface LogQuery extends WalletTimeRange {
  apiKeyId?: string | undefined
  model?: string | undefined
}

/**
 * Failures of a wallet: all requests that ended with an error, except disconnected callers and requests that
 * became image tasks, whose result is in the task store.
 */
export interface LoggedSum {
  day: string
  /** Empty when the request ended before its model was known. */
  model: string
  requests: number
  failures: number
}

/** Milliseconds; null without a successful answer. */
export interface Percentiles {
  p50Ms: number | null
  p95Ms: number | null
}

export interface LoggedLatency extends Percentiles {
  days: (Percentiles & { day: string })[]
}

/** `failures` are those caused by the gateway or an upstream, not by the caller. */
export interface LoggedCount {
  requests: number
  failures: number
}

export interface LoggedMinute extends LoggedCount {
  at: Date
}
