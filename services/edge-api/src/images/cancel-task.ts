import type { ImageJob } from '@sluice/jobs/image-job'
import { AppError } from '@sluice/kernel/app-error'
import { unreachable } from '@sluice/kernel/assert'

import type { GatewayContext } from '../gateway-context.ts'
import { describeTask, ownTask } from './own-task.ts'
import type { TaskRequest } from './read-task.ts'

/**
 * `DELETE /v1/images/tasks/{id}`: cancels a task whose generation has not started. Cancelling again returns
 * the same; a task that is done, running or failed is `not_cancellable`.
 */
export async function cancelTask(gateway: GatewayContext, request: TaskRequest) {
  const job = await cancelJob(gateway, await ownTask(gateway.deps, request))
  return describeTask(gateway.deps, { job, reader: request.reader })
}

/** Cancels a job whose generation has not started, and returns its new state. Throws as `cancelTask` does. */
export async function cancelJob(
  gateway: GatewayContext,
  { id }: Pick<ImageJob, 'id'>,
): Promise<ImageJob> {
  const { clock, jobs } = gateway.deps
  const { outcome, events } = await jobs.cancel(id, clock.now())
  const job = await jobs.read(id)
  if (!job) throw notFound()
  switch (outcome) {
    case 'cancelled':
      await announceCancelled(gateway, { jobId: id, events })
      break
    case 'ended':
      if (job.state === 'cancelled') break
      throw notCancellable('The task has ended.')
    case 'too-late':
      throw notCancellable('The task is already being generated.')
    case 'unknown':
      throw notFound()
    default:
      unreachable(outcome)
  }
  return job
}

type Cancelled = Pick<Awaited<ReturnType<GatewayContext['deps']['jobs']['cancel']>>, 'events'>

/** All are hints: the rows hold the same state, and the outbox makes billing void the hold. */
async function announceCancelled(
  { deps: { bus, log } }: GatewayContext,
  { jobId, events }: Cancelled & { jobId: string },
): Promise<void> {
  const published = await Promise.allSettled([
    bus.announce('image-job-cancelled', { jobId }),
    bus.announce('image-job-ended', { jobId }),
    ...events.map((event) => bus.announce('image-job-event', event)),
  ])
  for (const { status, ...rest } of published)
    if (status === 'rejected') log.warn({ ...rest, jobId }, 'cancelled job not announced')
}

const notFound = () => new AppError('task_not_found', 'The task no longer exists.', { param: 'id' })

const notCancellable = (message: string) => new AppError('not_cancellable', message)
