import type { ImageJobEvent } from '@sluice/contracts/events'

import type { ImageJob, ImageJobPart, JobState, PartState } from './image-job.ts'

export interface PartRecord extends ImageJobPart {
  /** How often its generation was started. */
  generations: number
  /** Generations that an upstream may have completed and charged for, but whose picture was not received. */
  unconfirmedCharges: number
}

/** The complete record of a job, for its state machine and its store. */
export interface JobRecord extends ImageJob {
  parts: PartRecord[]
  deadlineAt: Date
  /** Incremented by every change, for optimistic locking. */
  version: number
  /** How often the claim was lost with its runner. */
  lostClaims: number
  queuedAt: Date
  runner: string | null
  /** The holder's last heartbeat. Compared for equality only: clocks differ. */
  heartbeatAt: Date | null
  sweepAt: Date | null
}

/** The right to write a job; lost as soon as the job has another fence. */
export interface Claim {
  jobId: string
  fence: number
}

/** The new record of a job, and the events to publish. */
export interface Transition {
  job: JobRecord
  events: ImageJobEvent[]
}

export type TransitionRefusal =
  | 'not-queued'
  | 'past-deadline'
  | 'lost'
  | 'too-late'
  | 'ended'
  | 'not-due'

export type Decision =
  | ({ outcome: 'transition' } & Transition)
  | { outcome: 'refused'; refusal: TransitionRefusal }

export const hasEnded = ({ state }: { state: JobState }): boolean =>
  state === 'done' || state === 'failed' || state === 'cancelled'

/** A part that has not ended. */
export const isOpen = ({ state }: { state: PartState }): boolean =>
  state === 'waiting' || state === 'generating'
