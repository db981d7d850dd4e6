import type { Claim, JobRecord, Transition } from './job-record.ts'

export interface HeldClaim extends Claim {
  heartbeatAt: Date
}

/** The part of the job store for background tasks. */
export interface BackgroundStore {
  /** Claims of all runners after `afterJobId`, in order of job id, at most `limit`. */
  listClaims(query: { afterJobId: string; limit: number }): Promise<HeldClaim[]>
  /**
   * Takes a job from a holder without a heartbeat since `heartbeatAt`: requeues it with a higher fence and
   * an outbox row, or fails it when it was lost too often. Undefined when the heartbeat has changed.
   */
  requeueLost(input: HeldClaim & { now: Date }): Promise<Transition | undefined>
  /** Jobs past their deadline that have not ended. */
  listExpired(query: { now: Date; limit: number }): Promise<string[]>
  /** Fails the open parts of such a job. Undefined when it has ended or is not past its deadline. */
  failExpired(input: { jobId: string; now: Date }): Promise<Transition | undefined>
  /** Ended jobs with blobs that are due for removal. */
  listSweepable(query: { now: Date; limit: number }): Promise<JobRecord[]>
  /** Sets when the job's blobs are due for removal again; null: never. */
  markSwept(input: { jobId: string; nextAt: Date | null }): Promise<void>
  /** Returns those of these jobs that exist. */
  findJobs(jobIds: readonly string[]): Promise<string[]>
}
