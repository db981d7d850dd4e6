import type { ImageJobFact, StoredPart } from '@sluice/contracts/events'
import type { ImageJob, JobFailure } from '@sluice/jobs/image-job'
import type { AppErrorOptions } from '@sluice/kernel/app-error'
import { AppError } from '@sluice/kernel/app-error'
import { asErrorCode } from '@sluice/kernel/error-codes'
import type { MissedPart } from '@sluice/protocol/images/image-answer'

/** How a job ended, as far as its caller is concerned. */
export interface JobEnd {
  state: 'done' | 'failed' | 'cancelled'
  /** Stored pictures in order of index. */
  parts: readonly StoredPart[]
  missed: readonly MissedPart[]
  failure: JobFailure | null
  /** True when an upstream may have produced something: a repeat would be a second paid job. */
  mayHaveDrawn: boolean
}

/** The end of a job as its row tells it; undefined while it runs. */
export function endOfJob(job: ImageJob): JobEnd | undefined {
  const { state, failure } = job
  if (state !== 'done' && state !== 'failed' && state !== 'cancelled') return undefined
  return { state, ...picturesOf(job), failure, mayHaveDrawn: job.startedAt !== null }
}

/** What of a job is there, and what of it will never be. */
export function picturesOf({ parts }: Pick<ImageJob, 'parts'>) {
  return {
    parts: parts.flatMap(({ stored }) => (stored ? [stored] : [])),
    missed: parts.flatMap(({ index, failure }) => (failure ? [missedPart(index, failure)] : [])),
  }
}

export const missedPart = (index: number, failure: JobFailure): MissedPart => ({
  index,
  code: failure.upstreamCode ?? failure.code,
  message: failure.message,
  ...(failure.param !== undefined && { param: failure.param }),
})

/** The end of a job as its events tell it. `told` are the facts before the last one. */
export function endOfFacts(
  ended: Extract<ImageJobFact, { type: 'ended' }>,
  told: { missed: readonly MissedPart[]; started: boolean },
): JobEnd {
  const { state, parts, failure } = ended
  return { state, parts, missed: told.missed, failure, mayHaveDrawn: told.started }
}

/**
 * A job's failure as the caller's error, named by the closest code that we have. `waitMs` is when an upstream is
 * free again, where that is known.
 */
export function failureError(end: JobEnd, taskId: string, waitMs?: number): AppError {
  if (end.state === 'cancelled' && !end.failure)
    return new AppError('cancelled', 'The task was cancelled before it was drawn.', {
      details: { task_id: taskId },
    })
  return errorOfFailure(end.failure ?? { code: '', message: 'The picture was not drawn.' }, {
    details: { task_id: taskId },
    ...(end.failure?.code === 'overloaded' && waitMs !== undefined && { retryAfterMs: waitMs }),
    ...(end.mayHaveDrawn && { retryable: false }),
  })
}

/** A failure of a picture or a job as an error, named by the closest code that we have. */
export function errorOfFailure(
  { code, message, param, upstreamCode }: JobFailure,
  options: AppErrorOptions = {},
): AppError {
  return new AppError(asErrorCode(code) ?? 'upstream_failed', message, {
    ...options,
    ...(param !== undefined && { param }),
    ...(upstreamCode !== undefined && { upstreamCode }),
  })
}
