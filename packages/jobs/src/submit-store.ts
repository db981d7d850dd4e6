import type { ImageJobEvent } from '@sluice/contracts/events'

import type { ImageJob, NewImageJob } from './image-job.ts'

/** The door's half of the job store: submit, read, cancel. Implemented by `kysely-job-store.ts`. */
export interface SubmitStore {
  /**
   * Writes the job once: a repeat with the same id answers the job that is there (`fresh: false`).
   * The caller announces `image-job-queued` after a fresh one.
   */
  submit(job: NewImageJob, now: Date): Promise<{ job: ImageJob; fresh: boolean }>
  read(jobId: string): Promise<ImageJob | undefined>
  /** Events with a number above `afterSeq`, in order, at most `limit`. */
  readEvents(query: { jobId: string; afterSeq: number; limit: number }): Promise<ImageJobEvent[]>
  /** 1 for the next to be drawn; undefined when the job does not wait. */
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
