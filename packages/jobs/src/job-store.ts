import { assert } from '@sluice/kernel/assert'

import type { ClaimStore } from './claim-store.ts'
import { moveHeldJob } from './holder-moves.ts'
import type { JobRepository } from './job-repository.ts'
import type { Decision, JobRecord, Transition } from './job-record.ts'
import { cancelJob, claimJob, claimFirstJob, expireJob, requeueLostJob, submitJob } from './job.ts'
import type { ListStore } from './list-store.ts'
import type { SubmitStore } from './submit-store.ts'
import type { BackgroundStore } from './background-store.ts'

export interface JobStore extends SubmitStore, ListStore, ClaimStore, BackgroundStore {}

/** The methods of image jobs: load, decide (pure), store. */
export function createJobStore(repository: JobRepository): JobStore {
  const decide = async (
    input: { jobId: string; skipLocked?: boolean },
    rule: (job: JobRecord) => Decision,
  ) => repository.decide({ skipLocked: false, ...input }, rule)

  return {
    submit: async (job, now) => {
      const submitted = submitJob(job, now)
      if (await repository.insert(submitted)) return { ...submitted, created: true }
      const known = await repository.load(job.id)
      assert(known, 'a job whose id is taken exists')
      return { job: known, created: false, events: [] }
    },
    read: (jobId) => repository.load(jobId),
    readEvents: ({ jobId, afterSeq, limit }) =>
      repository.readEvents({ cursors: [{ jobId, afterSeq }], limitEach: limit }),
    readEventsOfMany: (query) => repository.readEvents(query),
    queuePosition: (jobId) => repository.queuePosition(jobId),
    queuePositions: async (jobIds) =>
      jobIds.length === 0 ? new Map() : repository.queuePositions(jobIds),
    listJobs: (query) => repository.listJobs(query),
    countJobs: (query) => repository.countJobs(query),
    countFailedByDay: (query) => repository.countFailedByDay(query),
    cancel: async (jobId, now) => {
      const decision = await decide({ jobId }, (job) => cancelJob(job, now))
      if (!decision) return { outcome: 'unknown', events: [] }
      if (decision.outcome === 'transition')
        return { outcome: 'cancelled', events: decision.events }
      return { outcome: decision.refusal === 'ended' ? 'ended' : 'too-late', events: [] }
    },

    claim: async ({ jobId, runner, slots, now, fresh }) => {
      if (fresh) {
        const { count } = fresh
        const transition = claimFirstJob({ jobId, count, runner, slots, now })
        const job = await repository.claimFirst({ transition, count, now })
        if (job) return { job, events: transition.events }
      }
      const rule = (job: JobRecord) => claimJob(job, { runner, slots, now })
      return transitionOrUndefined(await decide({ jobId, skipLocked: true }, rule))
    },
    write: async ({ held, moves, now }) => {
      const rule = (job: JobRecord) => moveHeldJob(job, { fence: held.fence, moves, now })
      const expected = rule(held)
      if (
        expected.outcome === 'transition' &&
        expected.job !== held &&
        (await repository.save(held, expected))
      ) {
        return expected
      }
      // The row has changed since the holder read it, usually because the claim was lost: decide on the row.
      const transition = transitionOrUndefined(await decide({ jobId: held.id }, rule))
      return transition ?? 'lost'
    },
    heartbeat: async ({ claims, now }) =>
      claims.length === 0 ? [] : repository.heartbeat({ claims, now }),
    listQueued: (query) => repository.listQueued(query),
    load: (jobId) => repository.load(jobId),

    listClaims: (query) => repository.listClaims(query),
    requeueLost: async ({ jobId, fence, heartbeatAt, now }) =>
      transitionOrUndefined(
        await decide({ jobId }, (job) => requeueLostJob(job, { fence, heartbeatAt, now })),
      ),
    listExpired: (query) => repository.listExpired(query),
    failExpired: async ({ jobId, now }) =>
      transitionOrUndefined(await decide({ jobId }, (job) => expireJob(job, now))),
    listSweepable: (query) => repository.listSweepable(query),
    markSwept: (input) => repository.markSwept(input),
    findJobs: async (jobIds) => (jobIds.length === 0 ? [] : repository.findJobs(jobIds)),
  }
}

function transitionOrUndefined(decision: Decision | undefined): Transition | undefined {
  return decision?.outcome === 'transition' ? decision : undefined
}
