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

/** The verbs of image jobs: load, decide (pure), store. */
export function createJobStore(rows: JobRepository): JobStore {
  const decide = async (
    input: { jobId: string; skipLocked?: boolean },
    rule: (job: JobRecord) => Decision,
  ) => rows.decide({ skipLocked: false, ...input }, rule)

  return {
    submit: async (job, now) => {
      const submitted = submitJob(job, now)
      if (await rows.insert(submitted)) return { ...submitted, fresh: true }
      const known = await rows.load(job.id)
      assert(known, 'a job that stands in the way must be there')
      return { job: known, fresh: false, events: [] }
    },
    read: (jobId) => rows.load(jobId),
    readEvents: ({ jobId, afterSeq, limit }) =>
      rows.readEvents({ cursors: [{ jobId, afterSeq }], limitEach: limit }),
    readEventsOfMany: (query) => rows.readEvents(query),
    queuePosition: (jobId) => rows.queuePosition(jobId),
    queuePositions: async (jobIds) =>
      jobIds.length === 0 ? new Map() : rows.queuePositions(jobIds),
    listJobs: (query) => rows.listJobs(query),
    countJobs: (query) => rows.countJobs(query),
    countFailedByDay: (query) => rows.countFailedByDay(query),
    cancel: async (jobId, now) => {
      const decision = await decide({ jobId }, (job) => cancelJob(job, now))
      if (!decision) return { outcome: 'unknown', events: [] }
      if (decision.outcome === 'moved') return { outcome: 'cancelled', events: decision.events }
      return { outcome: decision.refusal === 'ended' ? 'ended' : 'too-late', events: [] }
    },

    claim: async ({ jobId, runner, slots, now, fresh }) => {
      if (fresh) {
        const { count } = fresh
        const moved = claimFirstJob({ jobId, count, runner, slots, now })
        const job = await rows.claimFirst({ moved, count, now })
        if (job) return { job, events: moved.events }
      }
      const rule = (job: JobRecord) => claimJob(job, { runner, slots, now })
      return movedOrNothing(await decide({ jobId, skipLocked: true }, rule))
    },
    write: async ({ held, moves, now }) => {
      const rule = (job: JobRecord) => moveHeldJob(job, { fence: held.fence, moves, now })
      const hoped = rule(held)
      if (hoped.outcome === 'moved' && hoped.job !== held && (await rows.save(held, hoped))) {
        return hoped
      }
      // Another changed the job since the holder saw it (most often, took it away): look.
      const moved = movedOrNothing(await decide({ jobId: held.id }, rule))
      return moved ?? 'lost'
    },
    heartbeat: async ({ claims, now }) =>
      claims.length === 0 ? [] : rows.heartbeat({ claims, now }),
    listQueued: (query) => rows.listQueued(query),
    load: (jobId) => rows.load(jobId),

    listClaims: (query) => rows.listClaims(query),
    requeueLost: async ({ jobId, fence, heartbeatAt, now }) =>
      movedOrNothing(
        await decide({ jobId }, (job) => requeueLostJob(job, { fence, heartbeatAt, now })),
      ),
    listExpired: (query) => rows.listExpired(query),
    failExpired: async ({ jobId, now }) =>
      movedOrNothing(await decide({ jobId }, (job) => expireJob(job, now))),
    listSweepable: (query) => rows.listSweepable(query),
    markSwept: (input) => rows.markSwept(input),
    findJobs: async (jobIds) => (jobIds.length === 0 ? [] : rows.findJobs(jobIds)),
  }
}

function movedOrNothing(decision: Decision | undefined): Transition | undefined {
  return decision?.outcome === 'moved' ? decision : undefined
}
