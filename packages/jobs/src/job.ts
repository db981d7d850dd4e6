/**
 * The image job's state machine. Job: queued → claimed → done | failed | cancelled, and back to
 * queued when its runner is lost or requeues it. Part: waiting → generating → stored | failed | cancelled.
 * Every decision takes the current job and returns the new record with numbered events, or a refusal. The
 * holder's moves are in holder-moves.ts.
 */
import type { ImageJobFact } from '@sluice/contracts/events'
import type { ImageRequest } from '@sluice/contracts/image-request'
import { assert } from '@sluice/kernel/assert'

import type { JobFailure, NewImageJob } from './image-job.ts'
import type {
  Decision,
  JobRecord,
  Transition,
  PartRecord,
  TransitionRefusal,
} from './job-record.ts'
import { hasEnded, isOpen } from './job-record.ts'
import { firstSweepAt } from './sweep.ts'

/** A job that lost its runner this often fails. */
export const LOST_CLAIMS_MAX = 5

const PLACEHOLDER_REQUEST = {
  kind: 'generate',
  model: '',
  prompt: '',
  size: 'auto',
  quality: 'auto',
  background: 'auto',
  format: 'png',
  partialImages: 0,
  images: [],
} as const satisfies Partial<ImageRequest>

const EMPTY_PART = {
  stored: null,
  failure: null,
  generations: 0,
  partials: 0,
  unconfirmedCharges: 0,
} as const

/** A new job with its first event. */
export function submitJob(job: NewImageJob, now: Date): Transition {
  const { id, wallet, apiKeyId, bodyHash, request, deadlineAt } = job
  const indexes = Array.from({ length: request.count }, (_none, index) => index)
  return {
    job: {
      id,
      wallet,
      apiKeyId,
      bodyHash,
      request,
      deadlineAt,
      state: 'queued',
      parts: indexes.map((index) => ({ index, state: 'waiting', ...EMPTY_PART })),
      failure: null,
      fence: 0,
      version: 1,
      attempts: 0,
      lostClaims: 0,
      lastSeq: 1,
      runner: null,
      heartbeatAt: null,
      createdAt: now,
      queuedAt: now,
      startedAt: null,
      endedAt: null,
      sweepAt: null,
    },
    events: [{ jobId: id, seq: 1, at: now, fact: { type: 'queued' } }],
  }
}

/** Claims a queued job, and starts at most `slots` of its waiting parts. */
export function claimJob(
  job: JobRecord,
  { runner, slots, now }: { runner: string; slots: number; now: Date },
): Decision {
  if (job.state !== 'queued') return refuse('not-queued')
  if (job.deadlineAt <= now) return refuse('past-deadline')
  const begun = job.parts.filter(({ state }) => state === 'waiting').slice(0, slots)
  return move(
    {
      ...job,
      state: 'claimed',
      fence: job.fence + 1,
      attempts: job.attempts + 1,
      runner,
      heartbeatAt: now,
      startedAt: job.startedAt ?? now,
      parts: job.parts.map((part) => (begun.includes(part) ? begin(part) : part)),
    },
    [{ type: 'started', attempt: job.attempts + 1 }],
    now,
  )
}

/**
 * The claim of a job that was never claimed, as far as it is known without reading it: everything except
 * the request. For a store that updates the row first and reads the result.
 */
export function claimFirstJob({
  jobId,
  count,
  ...claim
}: {
  jobId: string
  count: number
  runner: string
  slots: number
  now: Date
}): Transition {
  const placeholder = { id: jobId, wallet: '', apiKeyId: '', bodyHash: '' }
  const deadlineAt = new Date(claim.now.getTime() + 1)
  const request = { ...PLACEHOLDER_REQUEST, count }
  const { job } = submitJob({ ...placeholder, request, deadlineAt }, claim.now)
  const decision = claimJob(job, claim)
  assert(decision.outcome === 'transition', 'a new job can be claimed')
  return decision
}

/** Cancels a job none of whose parts was started. */
export function cancelJob(job: JobRecord, now: Date): Decision {
  if (hasEnded(job)) return refuse('ended')
  if (job.parts.some(({ state }) => state !== 'waiting')) return refuse('too-late')
  const failure = {
    code: 'cancelled',
    message: 'The task was cancelled before generation started.',
  }
  const parts = job.parts.map((part): PartRecord => ({ ...part, state: 'cancelled', failure }))
  const cancelled: JobRecord = { ...release({ ...job, parts }), state: 'cancelled', failure }
  return move(
    { ...cancelled, endedAt: now, sweepAt: firstSweepAt(cancelled, now) },
    [{ type: 'ended', state: 'cancelled', parts: [], failure }],
    now,
  )
}

/**
 * Takes a job from a holder without a heartbeat: requeues it, or fails it after LOST_CLAIMS_MAX losses.
 * Refused when the fence or the heartbeat has changed.
 */
export function requeueLostJob(
  job: JobRecord,
  { fence, heartbeatAt, now }: { fence: number; heartbeatAt: Date; now: Date },
): Decision {
  const same = job.fence === fence && job.heartbeatAt?.getTime() === heartbeatAt.getTime()
  if (job.state !== 'claimed' || !same) return refuse('not-due')
  const lostClaims = job.lostClaims + 1
  const parts = job.parts.map((part) =>
    part.state === 'generating' ? addUnconfirmedCharge(part) : part,
  )
  const lost = { ...job, lostClaims, parts }
  if (lostClaims >= LOST_CLAIMS_MAX) {
    const message = `The task was lost with its runner ${lostClaims} times.`
    return failRest(lost, { code: 'internal_error', message }, now)
  }
  return move(requeue(lost, now), [{ type: 'requeued', reason: 'its runner was lost' }], now)
}

/** Fails the open parts of a job that is past its deadline; stored pictures stay delivered. */
export function expireJob(job: JobRecord, now: Date): Decision {
  if (hasEnded(job)) return refuse('ended')
  if (job.deadlineAt > now) return refuse('not-due')
  const parts = job.parts.map((part) =>
    part.state === 'generating' ? addUnconfirmedCharge(part) : part,
  )
  const failure =
    job.attempts > 0
      ? { code: 'upstream_timeout', message: 'The picture was not generated in time.' }
      : { code: 'overloaded', message: 'No upstream was free in time.' }
  return failRest({ ...job, parts }, failure, now)
}

/** Completes a change: increments the version and numbers the new events. */
export function move(job: JobRecord, facts: readonly ImageJobFact[], now: Date): Decision {
  const events = facts.map((fact, index) => ({
    jobId: job.id,
    seq: job.lastSeq + index + 1,
    at: now,
    fact,
  }))
  const { version, lastSeq } = job
  return {
    outcome: 'transition',
    job: { ...job, version: version + 1, lastSeq: lastSeq + facts.length },
    events,
  }
}

export const refuse = (refusal: TransitionRefusal): Decision => ({ outcome: 'refused', refusal })

export const begin = (part: PartRecord): PartRecord => ({
  ...part,
  state: 'generating',
  generations: part.generations + 1,
})

/** Requeues a claimed job. Increments the fence, so that writes of the old holder are rejected at once. */
export function requeue(job: JobRecord, now: Date): JobRecord {
  const parts = job.parts.map((part): PartRecord =>
    part.state === 'generating' ? { ...part, state: 'waiting' } : part,
  )
  return { ...release(job), parts, state: 'queued', queuedAt: now }
}

/** Ends a job whose parts have all ended: `done` with at least one picture, else `failed`. */
export function endJob(job: JobRecord, now: Date): { job: JobRecord; fact: ImageJobFact } {
  assert(!job.parts.some(isOpen), 'a job ended while a part of it was open')
  const parts = job.parts.flatMap(({ stored }) => (stored ? [stored] : []))
  const failure = parts.length > 0 ? null : firstFailure(job)
  const state = parts.length > 0 ? 'done' : 'failed'
  const ended: JobRecord = { ...job, state, failure, endedAt: now, runner: null, heartbeatAt: null }
  return {
    job: { ...ended, sweepAt: firstSweepAt(ended, now) },
    fact: { type: 'ended', state, parts, failure },
  }
}

function failRest(job: JobRecord, failure: JobFailure, now: Date): Decision {
  const failed = job.parts.filter(isOpen).map(({ index }) => index)
  const parts = job.parts.map((part): PartRecord =>
    isOpen(part) ? { ...part, state: 'failed', failure } : part,
  )
  const { job: ended, fact } = endJob({ ...release(job), parts }, now)
  const partFacts = failed.map((index): ImageJobFact => ({ type: 'part-failed', index, failure }))
  return move(ended, [...partFacts, fact], now)
}

const release = (job: JobRecord): JobRecord => ({
  ...job,
  runner: null,
  heartbeatAt: null,
  fence: job.runner === null ? job.fence : job.fence + 1,
})

const addUnconfirmedCharge = (part: PartRecord): PartRecord => ({
  ...part,
  unconfirmedCharges: part.unconfirmedCharges + 1,
})

function firstFailure(job: JobRecord): JobFailure {
  const failure = job.parts.find((part) => part.failure !== null)?.failure
  assert(failure, 'a part failed without a reason')
  return failure
}
