import type { ImageJobEvent } from '@sluice/contracts/events'

import type { ImageJob, NewImageJob } from './image-job.ts'

/** The part of the job store for edge-api: submit, read, cancel. Implemented by `kysely-job-store.ts`. */
export interface SubmitStore {
  /**
   * Inserts the job once: a repeated call with the same id returns the existing job (`created: false`). With
   * `created: true` the caller publishes `image-job-queued` (`queuedHint(job)`). `events` are the inserted
   * ones: number 1 of a new job, none of an existing one. Rejects (`isHoldEnded`) when the hold of this id
   * has ended before the job was inserted.
   */
  submit(
    job: NewImageJob,
    now: Date,
  ): Promise<{ job: ImageJob; created: boolean; events: ImageJobEvent[] }>
  read(jobId: string): Promise<ImageJob | undefined>
  /** Events with a number above `afterSeq`, in order, at most `limit`. */
  readEvents(query: { jobId: string; afterSeq: number; limit: number }): Promise<ImageJobEvent[]>
  /** The events of many jobs after their cursors; ordered within each job, at most `limitEach` per job. */
  readEventsOfMany(query: {
    cursors: readonly { jobId: string; afterSeq: number }[]
    limitEach: number
  }): Promise<ImageJobEvent[]>
  /**
   * The position by creation time among the queued jobs of the same model, from 1, at most 10,000; undefined
   * when the job is not queued. The queue is round-robin by wallet, so a job may start before an older one
   * of a busier wallet.
   */
  queuePosition(jobId: string): Promise<number | undefined>
  /**
   * Ends a job none of whose parts was started; otherwise `too-late`. Returns the events to publish, and
   * writes the outbox row `image-job-ended`, so that billing voids the hold.
   */
  cancel(
    jobId: string,
    now: Date,
  ): Promise<{ outcome: 'cancelled' | 'too-late' | 'ended' | 'unknown'; events: ImageJobEvent[] }>
}
