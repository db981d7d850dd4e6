import type { ImageJobEvent } from '@sluice/contracts/events'

import type { ImageJob, ImageJobPart, JobState, PartState } from './image-job.ts'

export interface PartRecord extends ImageJobPart {
  /** How often drawing it was begun. */
  generations: number
  /** Draws that an upstream may have made and charged us for, and that nobody received. */
  unconfirmedCharges: number
}

/** All that is known of a job; what its own machine and its store work on. */
export interface JobRecord extends ImageJob {
  parts: PartRecord[]
  deadlineAt: Date
  /** Grows with every change; a writer names the version it has seen. */
  version: number
  /** How often a runner died with it. */
  lostClaims: number
  queuedAt: Date
  runner: string | null
  /** The holder's last sign of life. Compared, never trusted as a time: clocks differ. */
  heartbeatAt: Date | null
  sweepAt: Date | null
}

/** The right to write a job: lost as soon as the job's fence is another. */
export interface Claim {
  jobId: string
  fence: number
}

/** What became of a job, and what there is to tell of it. */
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
  | ({ outcome: 'moved' } & Transition)
  | { outcome: 'refused'; refusal: TransitionRefusal }

export const hasEnded = ({ state }: { state: JobState }): boolean =>
  state === 'done' || state === 'failed' || state === 'cancelled'

/** A part that has not ended. */
export const isOpen = ({ state }: { state: PartState }): boolean =>
  state === 'waiting' || state === 'generating'
