import type { ImageJobFact, StoredPart } from '@sluice/contracts/events'
import type { ImageJob, JobFailure } from '@sluice/jobs/image-job'
import type { AppErrorOptions } from '@sluice/kernel/app-error'
import { AppError } from '@sluice/kernel/app-error'
import { asErrorCode } from '@sluice/kernel/error-codes'
import type { MissedPart } from '@sluice/protocol/images/image-answer'

/** The result of a job, as reported to its caller. */
export interface JobEnd {
  state: 'done' | 'failed' | 'cancelled'
  /** Stored pictures in order of index. */
  parts: readonly StoredPart[]
  missed: readonly MissedPart[]
  failure: JobFailure | null
  /** True when generation may have started: a repeat would be a second paid job. */
  mayHaveGenerated: boolean
}

/** The result of a job from its row; undefined while it runs. */
export function endOfJob(job: ImageJob): JobEnd | undefined {
  const { state, failure } = job
  if (state !== 'done' && state !== 'failed' && state !== 'cancelled') return undefined
  return { state, ...picturesOf(job), failure, mayHaveGenerated: job.startedAt !== null }
}

/** The stored and the failed pictures of a job. */
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

/** The result of a job from its events. `earlier` is what the events before the last one contained. */
export function endOfFacts(
  ended: Extract<ImageJobFact, { type: 'ended' }>,
  earlier: { missed: readonly MissedPart[]; started: boolean },
): JobEnd {
  const { state, parts, failure } = ended
  return { state, parts, missed: earlier.missed, failure, mayHaveGenerated: earlier.started }
}

/**
 * A job's failure as an API error with the closest error code. `waitMs` is the time until an upstream is
 * available again, if known.
 */
export function failureError(end: JobEnd, taskId: string, waitMs?: number): AppError {
  if (end.state === 'cancelled' && !end.failure)
    return new AppError('cancelled', 'The task was cancelled before it was generated.', {
      details: { task_id: taskId },
    })
  return errorOfFailure(end.failure ?? { code: '', message: 'The picture was not generated.' }, {
    details: { task_id: taskId },
    ...(end.failure?.code === 'overloaded' && waitMs !== undefined && { retryAfterMs: waitMs }),
    ...(end.mayHaveGenerated && { retryable: false }),
  })
}

/** A failure of a picture or a job as an error with the closest error code. */
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
