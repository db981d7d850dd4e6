import type { ImageJobEvent } from '@sluice/contracts/events'

import type { QueuedJob } from './claim-store.ts'
import type { Claim, Decision, JobRecord, Transition } from './job-record.ts'
import type { FailureQuery, FailureSum, JobCounts, JobListQuery, JobPage } from './list-store.ts'
import type { HeldClaim } from './background-store.ts'

/**
 * The storage of jobs, implemented for PostgreSQL and in memory. `job-store.ts` implements the methods of the
 * job stores with it and with the pure decisions. Each method is one database transaction.
 *
 * A write stores the job and its events together with its outbox rows: `image-job-queued` exists exactly
 * while the job is queued, `image-job-ended` is written when the job ends.
 */
export interface JobRepository {
  /** False when the id is taken. */
  insert(transition: Transition): Promise<boolean>
  load(jobId: string): Promise<JobRecord | undefined>
  /** Replaces `before`; false when the row has changed since. */
  save(before: JobRecord, transition: Transition): Promise<boolean>
  /**
   * Locks the job, calls `decide`, and writes the decision. Undefined when there is no such job, or with
   * `skipLocked` when another transaction has locked it.
   */
  decide(
    input: { jobId: string; skipLocked: boolean },
    decide: (job: JobRecord) => Decision,
  ): Promise<Decision | undefined>

  /**
   * Claims a job that was never claimed, without reading it first: `transition` has all changes. Undefined
   * unless it is such a job with `count` parts, queued, and not past its deadline.
   */
  claimFirst(input: {
    transition: Transition
    count: number
    now: Date
  }): Promise<JobRecord | undefined>

  readEvents(query: {
    cursors: readonly { jobId: string; afterSeq: number }[]
    limitEach: number
  }): Promise<ImageJobEvent[]>
  queuePosition(jobId: string): Promise<number | undefined>
  queuePositions(jobIds: readonly string[]): Promise<Map<string, number>>
  listJobs(query: JobListQuery): Promise<JobPage>
  countJobs(query: { endedSince: Date }): Promise<JobCounts>
  countFailedByDay(query: FailureQuery): Promise<FailureSum[]>
  heartbeat(input: { claims: readonly Claim[]; now: Date }): Promise<Claim[]>
  listQueued(query: { queuedBefore: Date; limit: number }): Promise<QueuedJob[]>
  listClaims(query: { afterJobId: string; limit: number }): Promise<HeldClaim[]>
  listExpired(query: { now: Date; limit: number }): Promise<string[]>
  listSweepable(query: { now: Date; limit: number }): Promise<JobRecord[]>
  markSwept(input: { jobId: string; nextAt: Date | null }): Promise<void>
  findJobs(jobIds: readonly string[]): Promise<string[]>
}
