import type { RequestRecord } from '../request.ts'

/** The request log: appended in batches, read by people. Not money: a row may be lost. */
export interface RequestLogStore {
  /** Appends rows; a request id that is there already is skipped. */
  append(rows: readonly RequestRecord[]): Promise<void>
  /** Makes sure that rows of this day and the next have a partition to go to. */
  openPartitions(today: Date): Promise<void>
  /** Drops partitions of days before `before`; answers how many. */
  dropPartitions(before: Date): Promise<number>
}
