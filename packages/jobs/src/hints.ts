import type { BusEvent } from '@sluice/contracts/events'

import type { ImageJob } from './image-job.ts'

/** The bus message for a queued job: enough to request a credential before the row is read. */
export function queuedHint(job: ImageJob): BusEvent<'image-job-queued'> {
  return {
    jobId: job.id,
    model: job.request.model,
    wallet: job.wallet,
    waiting: Math.max(1, countWaiting(job)),
    again: job.attempts > 0,
  }
}

export const countWaiting = ({ parts }: Pick<ImageJob, 'parts'>): number =>
  parts.filter(({ state }) => state === 'waiting').length
