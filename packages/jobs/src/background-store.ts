import type { Claim, JobRecord, Transition } from './job-record.ts'

export interface HeldClaim extends Claim {
  heartbeatAt: Date
}

/** What happens to jobs by time. */
export interface BackgroundStore {
  /** Claims of all runners after `afterJobId`, in order of job id, at most `limit`. */
  listClaims(query: { afterJobId: string; limit: number }): Promise<HeldClaim[]>
  /**
   * Takes a job from a holder whose heart has not beaten since `heartbeatAt`: back to the queue with
   * a higher fence and an outbox row, or failed when it was lost too often. Undefined when it beat.
   */
  requeueLost(input: HeldClaim & { now: Date }): Promise<Transition | undefined>
  /** Jobs past their deadline that have not ended. */
  listExpired(query: { now: Date; limit: number }): Promise<string[]>
  /** Fails such a job, keeping what was kept. Undefined when it has ended or is not due. */
  failExpired(input: { jobId: string; now: Date }): Promise<Transition | undefined>
  /** Ended jobs that have blobs to be removed by now. */
  listSweepable(query: { now: Date; limit: number }): Promise<JobRecord[]>
  /** When to look at the job's blobs again; null for never. */
  markSwept(input: { jobId: string; nextAt: Date | null }): Promise<void>
  /** Which of these jobs exist. */
  findJobs(jobIds: readonly string[]): Promise<string[]>
}
