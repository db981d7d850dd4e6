import type { StoredPart } from '@sluice/contracts/events'
import type { ImageRequest } from '@sluice/contracts/image-request'

export type JobState = 'queued' | 'claimed' | 'done' | 'failed' | 'cancelled'
export type PartState = 'waiting' | 'generating' | 'stored' | 'failed' | 'cancelled'

export interface JobFailure {
  code: string
  message: string
  /** The parameter that the upstream reports as invalid. */
  param?: string | undefined
  /** The upstream's error code. */
  upstreamCode?: string | undefined
}

export interface ImageJobPart {
  index: number
  state: PartState
  stored: StoredPart | null
  failure: JobFailure | null
  /** The number of published partial pictures; the newest has the index `partials - 1`. */
  partials: number
}

/** One image request of a caller: long-running, durable, the same for every response mode. */
export interface ImageJob {
  id: string
  wallet: string
  apiKeyId: string
  state: JobState
  request: ImageRequest
  parts: ImageJobPart[]
  failure: JobFailure | null
  /** Fencing token, incremented by every claim; writes of an earlier holder are rejected. */
  fence: number
  attempts: number
  /** The number of the newest event. */
  lastSeq: number
  /** SHA-256 of the request body, hex; detects another request with the same Idempotency-Key. */
  bodyHash: string
  createdAt: Date
  startedAt: Date | null
  endedAt: Date | null
}

/** A job to submit: written with its parts, event 1 and the outbox row in one transaction. */
export interface NewImageJob {
  id: string
  wallet: string
  apiKeyId: string
  bodyHash: string
  request: ImageRequest
  /** After this time the job fails, and its hold is released. */
  deadlineAt: Date
}
