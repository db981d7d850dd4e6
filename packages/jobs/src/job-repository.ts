import type { ImageJobEvent } from '@sluice/contracts/events'

import type { QueuedJob } from './claim-store.ts'
import type { Claim, Decision, JobRecord, Transition } from './job-record.ts'
import type { FailureQuery, FailureSum, JobCounts, JobListQuery, JobPage } from './list-store.ts'
import type { HeldClaim } from './background-store.ts'

/**
 * Where jobs lie: what differs between PostgreSQL and its twin. `job-store.ts` makes every verb of the
 * job stores out of it and of the pure decisions. Each method is one database transaction.
 *
 * A write stores the job and its events together with its outbox rows: `image-job-queued` stands
 * exactly while the job is queued, `image-job-ended` is put up by the write that ends it.
 */
export interface JobRepository {
  /** False when the id is taken. */
  insert(moved: Transition): Promise<boolean>
  load(jobId: string): Promise<JobRecord | undefined>
  /** Writes what became of `before`; false when somebody changed it in between. */
  save(before: JobRecord, moved: Transition): Promise<boolean>
  /**
   * Locks the job, decides, and writes what was decided. Undefined when there is no such job, or
   * another has locked it and `skipLocked` says not to wait.
   */
  decide(
    input: { jobId: string; skipLocked: boolean },
    decide: (job: JobRecord) => Decision,
  ): Promise<Decision | undefined>

  /**
   * Claims a job that was never claimed before, without reading it first: `moved` is all that changes.
   * Undefined when it is not such a job of `count` parts, is past its deadline, or does not wait.
   */
  claimFirst(input: { moved: Transition; count: number; now: Date }): Promise<JobRecord | undefined>

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
