import type { ImageJobEvent } from '@sluice/contracts/events'

import type { ImageJob, NewImageJob } from './image-job.ts'

/** The door's half of the job store: submit, read, cancel. Implemented by `kysely-job-store.ts`. */
export interface SubmitStore {
  /**
   * Writes the job once: a repeat with the same id answers the job that is there (`fresh: false`).
   * The caller announces `image-job-queued` (`queuedHint(job)`) after a fresh one. `events` are those
   * that were written: number 1 of a fresh job, none of a repeat. Rejects (`isHoldEnded`) when the hold of
   * this id has ended before the job was written.
   */
  submit(
    job: NewImageJob,
    now: Date,
  ): Promise<{ job: ImageJob; fresh: boolean; events: ImageJobEvent[] }>
  read(jobId: string): Promise<ImageJob | undefined>
  /** Events with a number above `afterSeq`, in order, at most `limit`. */
  readEvents(query: { jobId: string; afterSeq: number; limit: number }): Promise<ImageJobEvent[]>
  /** What happened since, to each of many jobs at once; in order within a job, at most `limitEach`. */
  readEventsOfMany(query: {
    cursors: readonly { jobId: string; afterSeq: number }[]
    limitEach: number
  }): Promise<ImageJobEvent[]>
  /**
   * The place by age among the jobs that wait for the same model, from 1, at most 10,000; undefined
   * when the job does not wait. Wallets take turns, so a job may be drawn before an older one of a
   * busier wallet.
   */
  queuePosition(jobId: string): Promise<number | undefined>
  /**
   * Ends a job of which nothing is drawn or being drawn. `too-late` when an upstream may be drawing.
   * Answers the events to announce; an outbox row `image-job-ended` is written, so that billing voids.
   */
  cancel(
    jobId: string,
    now: Date,
  ): Promise<{ outcome: 'cancelled' | 'too-late' | 'ended' | 'unknown'; events: ImageJobEvent[] }>
}
