import type { ImageJobEvent } from '@sluice/contracts/events'
import { queuedHint } from '@sluice/jobs/hints'
import type { JobRecord } from '@sluice/jobs/job-record'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { RunnerContext } from '../deps.ts'

/**
 * Publishes the events of a job, after the commit. All messages are hints: watchers read missed events from
 * the rows, and the outbox publishes again what must be processed. Never rejects.
 */
export async function publishEvents(
  { bus, log, counters }: Pick<RunnerContext, 'bus' | 'log' | 'counters'>,
  { job, events }: { job: JobRecord; events: readonly ImageJobEvent[] },
): Promise<void> {
  if (events.length === 0) return
  crashPoint('runner-before-announce')
  try {
    for (const event of events) {
      await bus.announce('image-job-event', event)
      if (event.fact.type === 'requeued') await bus.announce('image-job-queued', queuedHint(job))
      if (event.fact.type === 'ended') await bus.announce('image-job-ended', { jobId: job.id })
    }
  } catch (err) {
    counters.unpublished.add({})
    log.debug({ err, jobId: job.id }, 'job events could not be published')
  }
}
