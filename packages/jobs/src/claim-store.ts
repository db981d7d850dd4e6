import type { HolderMove } from './holder-moves.ts'
import type { Claim, JobRecord, Transition } from './job-record.ts'

/** A job that waits, as far as a runner must know it before it claims it. */
export interface QueuedJob {
  jobId: string
  model: string
  wallet: string
  waiting: number
  again: boolean
}

/** The runner's half of the job store. Every write is one database transaction. */
export interface ClaimStore {
  /**
   * Takes a queued job and begins as many waiting parts as there are `places` (none is allowed, to
   * look for stored pictures of an earlier holder). Deletes the outbox row `image-job-queued`.
   * Undefined when the job is not queued, is past its deadline, or another runner is taking it.
   * `fresh` is what a hint says of a job that was never claimed: if it is true, the claim is one round
   * trip; if it is not, the store looks.
   */
  claim(input: {
    jobId: string
    runner: string
    slots: number
    now: Date
    fresh?: { count: number } | undefined
  }): Promise<Transition | undefined>
  /**
   * Writes the moves of the holder of `held`, its newest copy of the job, as one change. The last
   * part's end also ends the job and writes the outbox row `image-job-ended`. Repeating a batch whose
   * fate is unknown is safe. `lost` when the claim is no longer the holder's.
   */
  write(input: {
    held: JobRecord
    moves: readonly HolderMove[]
    now: Date
  }): Promise<Transition | 'lost'>
  /** Gives a sign of life for claims; answers those that are still held. */
  heartbeat(input: { claims: readonly Claim[]; now: Date }): Promise<Claim[]>
  /**
   * Jobs that have waited since before `queuedBefore`: each wallet's oldest first, then each wallet's
   * second, and so on, so that no wallet waits behind another's crowd.
   */
  listQueued(query: { queuedBefore: Date; limit: number }): Promise<QueuedJob[]>
  load(jobId: string): Promise<JobRecord | undefined>
}
