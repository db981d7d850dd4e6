import type { HolderMove } from './holder-moves.ts'
import type { Claim, JobRecord, Transition } from './job-record.ts'

/** The data of a queued job that a runner needs before it claims it. */
export interface QueuedJob {
  jobId: string
  model: string
  wallet: string
  waiting: number
  again: boolean
}

/** The part of the job store for runners. Every write is one database transaction. */
export interface ClaimStore {
  /**
   * Claims a queued job and starts at most `slots` waiting parts (0 to adopt stored pictures of an earlier
   * holder). Deletes the outbox row `image-job-queued`. Undefined when the job is not queued, is past its
   * deadline, or another runner is claiming it. `fresh` is the hint that the job was never claimed and has
   * `count` parts: if it is correct, the claim takes one round trip; otherwise the store reads the job.
   */
  claim(input: {
    jobId: string
    runner: string
    slots: number
    now: Date
    fresh?: { count: number } | undefined
  }): Promise<Transition | undefined>
  /**
   * Writes the moves of the holder of `held`, its newest copy of the job, as one change. The end of the last
   * part also ends the job and writes the outbox row `image-job-ended`. A write whose result is unknown can
   * be repeated safely. `lost` when the holder no longer has the claim.
   */
  write(input: {
    held: JobRecord
    moves: readonly HolderMove[]
    now: Date
  }): Promise<Transition | 'lost'>
  /** Updates the heartbeat of claims; returns those that are still held. */
  heartbeat(input: { claims: readonly Claim[]; now: Date }): Promise<Claim[]>
  /**
   * Jobs queued at or before `queuedBefore`, in round-robin order of wallets: each wallet's oldest, then each
   * wallet's second, and so on.
   */
  listQueued(query: { queuedBefore: Date; limit: number }): Promise<QueuedJob[]>
  load(jobId: string): Promise<JobRecord | undefined>
}
