import type { StoredPart } from '@sluice/contracts/events'
import type { ImageRequest } from '@sluice/contracts/image-request'

export type JobState = 'queued' | 'claimed' | 'done' | 'failed' | 'cancelled'
export type PartState = 'waiting' | 'generating' | 'stored' | 'failed' | 'cancelled'

export interface JobFailure {
  code: string
  message: string
  /** The parameter that the upstream names as wrong. */
  param?: string | undefined
  /** The upstream's own code of the caller's mistake. */
  upstreamCode?: string | undefined
}

export interface ImageJobPart {
  index: number
  state: PartState
  stored: StoredPart | null
  failure: JobFailure | null
  /** How many partial pictures of it were announced; the newest has the number before. */
  partials: number
}

/** One image request of a caller: long, durable, the same behind each of its faces. */
export interface ImageJob {
  id: string
  wallet: string
  apiKeyId: string
  state: JobState
  request: ImageRequest
  parts: ImageJobPart[]
  failure: JobFailure | null
  /** Grows with every claim; writes of an older holder are refused. */
  fence: number
  attempts: number
  /** The number of the newest event. */
  lastSeq: number
  /** SHA-256 of the caller's body, hex; tells a repeat from another request under the same Idempotency-Key. */
  bodyHash: string
  createdAt: Date
  startedAt: Date | null
  endedAt: Date | null
}

/** What the door writes: the job, its parts, event 1 and the outbox row, in one transaction. */
export interface NewImageJob {
  id: string
  wallet: string
  apiKeyId: string
  bodyHash: string
  request: ImageRequest
  /** After this the job fails wherever it is, and its hold is given back. */
  deadlineAt: Date
}
