import type { ImageJobEvent } from '@sluice/contracts/events'

import { countWaiting } from './hints.ts'
import type { JobRepository } from './job-repository.ts'
import type { JobRecord, Transition } from './job-record.ts'
import { hasEnded } from './job-record.ts'
import type { JobStore } from './job-store.ts'
import { createJobStore } from './job-store.ts'
import { countAmong, countFailedAmong, listFrom } from './memory-listing.ts'

export interface MemoryJobStore extends JobStore {
  /** The outbox repository as `topic key`, sorted. */
  outbox(): string[]
}

/** The in-memory implementation of the job store, for tests. */
export function createMemoryJobStore(): MemoryJobStore {
  const jobs = new Map<string, JobRecord>()
  const eventsByJob = new Map<string, ImageJobEvent[]>()
  const outbox = new Set<string>()

  const write = ({ job, events }: Transition) => {
    jobs.set(job.id, structuredClone(job))
    eventsByJob.set(job.id, [...(eventsByJob.get(job.id) ?? []), ...structuredClone(events)])
    if (job.state === 'queued') outbox.add(`image-job-queued ${job.id}`)
    else outbox.delete(`image-job-queued ${job.id}`)
    if (hasEnded(job)) outbox.add(`image-job-ended ${job.id}`)
  }
  const load = (jobId: string) => structuredClone(jobs.get(jobId))
  const sorted = (matches: (job: JobRecord) => boolean) =>
    [...jobs.values()].filter(matches).sort(byAge).map(clone)
  const queued = () => sorted(({ state }) => state === 'queued')

  const repository: JobRepository = {
    insert: async (transition) => {
      if (jobs.has(transition.job.id)) return false
      write(transition)
      return true
    },
    load: async (jobId) => load(jobId),
    save: async (before, transition) => {
      if (jobs.get(before.id)?.version !== before.version) return false
      write(transition)
      return true
    },
    decide: async ({ jobId }, decide) => {
      const job = load(jobId)
      const decision = job && decide(job)
      if (decision?.outcome === 'transition' && decision.job !== job) write(decision)
      return decision
    },
    claimFirst: async ({ transition, count, now }) => {
      const job = load(transition.job.id)
      const known = job?.version === 1 && job.parts.length === count && job.deadlineAt > now
      if (!known) return undefined
      const { id, wallet, apiKeyId, bodyHash, request, deadlineAt, createdAt, queuedAt } = job
      const unread = { id, wallet, apiKeyId, bodyHash, request, deadlineAt, createdAt, queuedAt }
      write({ ...transition, job: { ...transition.job, ...unread } })
      return load(id)
    },
    readEvents: async ({ cursors, limitEach }) =>
      cursors.flatMap(({ jobId, afterSeq }) =>
        (eventsByJob.get(jobId) ?? [])
          .filter(({ seq }) => seq > afterSeq)
          .slice(0, limitEach)
          .map(clone),
      ),
    queuePosition: async (jobId) => {
      const job = jobs.get(jobId)
      const sameModel = queued().filter(({ request }) => request.model === job?.request.model)
      const index = sameModel.findIndex(({ id }) => id === jobId)
      return index === -1 ? undefined : index + 1
    },
    queuePositions: async (jobIds) => {
      const positions = jobIds.map(async (id) => [id, await repository.queuePosition(id)] as const)
      return new Map((await Promise.all(positions)).flatMap(([id, at]) => (at ? [[id, at]] : [])))
    },
    listJobs: async (query) => listFrom([...jobs.values()].map(clone), query),
    countJobs: async (query) => countAmong([...jobs.values()], query),
    countFailedByDay: async (query) => countFailedAmong([...jobs.values()], query),
    heartbeat: async ({ claims, now }) =>
      claims.filter(({ jobId, fence }) => {
        const job = jobs.get(jobId)
        if (job?.state !== 'claimed' || job.fence !== fence) return false
        job.heartbeatAt = now
        return true
      }),
    listQueued: async ({ queuedBefore, limit }) => {
      const waiting = queued().filter(({ queuedAt }) => queuedAt <= queuedBefore)
      const turnOf = ({ id, wallet }: JobRecord) =>
        waiting.filter((job) => job.wallet === wallet).findIndex((job) => job.id === id)
      return waiting
        .map((job) => ({ job, turn: turnOf(job) }))
        .sort((a, b) => a.turn - b.turn || byAge(a.job, b.job))
        .slice(0, limit)
        .map(({ job }) => ({
          jobId: job.id,
          model: job.request.model,
          wallet: job.wallet,
          waiting: countWaiting(job),
          again: job.attempts > 0,
        }))
    },
    listClaims: async ({ afterJobId, limit }) =>
      [...jobs.values()]
        .filter(({ id }) => id > afterJobId)
        .flatMap(({ id: jobId, fence, heartbeatAt }) =>
          heartbeatAt ? [{ jobId, fence, heartbeatAt }] : [],
        )
        .sort((a, b) => (a.jobId < b.jobId ? -1 : 1))
        .slice(0, limit),
    listExpired: async ({ now, limit }) =>
      sorted((job) => !hasEnded(job) && job.deadlineAt <= now)
        .sort((a, b) => a.deadlineAt.getTime() - b.deadlineAt.getTime() || byId(a, b))
        .slice(0, limit)
        .map(({ id }) => id),
    listSweepable: async ({ now, limit }) =>
      sorted(({ sweepAt }) => sweepAt !== null && sweepAt <= now)
        .sort((a, b) => (a.sweepAt?.getTime() ?? 0) - (b.sweepAt?.getTime() ?? 0) || byId(a, b))
        .slice(0, limit),
    markSwept: async ({ jobId, nextAt }) => {
      const job = jobs.get(jobId)
      if (job) job.sweepAt = nextAt
    },
    findJobs: async (jobIds) => jobIds.filter((jobId) => jobs.has(jobId)).sort(),
  }
  return { ...createJobStore(repository), outbox: () => [...outbox].sort() }
}

const clone = <Value>(value: Value): Value => structuredClone(value)
const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
const byAge = (a: JobRecord, b: JobRecord) =>
  a.createdAt.getTime() - b.createdAt.getTime() || byId(a, b)
