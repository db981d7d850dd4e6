import type { ImageJob } from '@sluice/jobs/image-job'
import { AppError } from '@sluice/kernel/app-error'
import { unreachable } from '@sluice/kernel/assert'

import type { GatewayContext } from '../gateway-context.ts'
import { describeTask, ownTask } from './own-task.ts'
import type { TaskRequest } from './read-task.ts'

/**
 * `DELETE /v1/images/tasks/{id}`: ends a task of which nothing is drawn. Cancelling again answers the same;
 * a task that is drawn, being drawn or has failed is `not_cancellable`.
 */
export async function cancelTask(gateway: GatewayContext, request: TaskRequest) {
  const job = await cancelJob(gateway, await ownTask(gateway.deps, request))
  return describeTask(gateway.deps, { job, reader: request.reader })
}

/** Ends a job of which nothing is drawn, and answers what it is now. Throws as `cancelTask` does. */
export async function cancelJob(
  gateway: GatewayContext,
  { id }: Pick<ImageJob, 'id'>,
): Promise<ImageJob> {
  const { clock, jobs } = gateway.deps
  const { outcome, events } = await jobs.cancel(id, clock.now())
  const job = await jobs.read(id)
  if (!job) throw gone()
  switch (outcome) {
    case 'cancelled':
      await announceCancelled(gateway, { jobId: id, events })
      break
    case 'ended':
      if (job.state === 'cancelled') break
      throw notCancellable('The task has ended.')
    case 'too-late':
      throw notCancellable('The task is being drawn already.')
    case 'unknown':
      throw gone()
    default:
      unreachable(outcome)
  }
  return job
}

type Cancelled = Pick<Awaited<ReturnType<GatewayContext['deps']['jobs']['cancel']>>, 'events'>

/** Hints all: the rows say the same, and the outbox has billing give the hold back. */
async function announceCancelled(
  { deps: { bus, log } }: GatewayContext,
  { jobId, events }: Cancelled & { jobId: string },
): Promise<void> {
  const said = await Promise.allSettled([
    bus.announce('image-job-cancelled', { jobId }),
    bus.announce('image-job-ended', { jobId }),
    ...events.map((event) => bus.announce('image-job-event', event)),
  ])
  for (const { status, ...rest } of said)
    if (status === 'rejected') log.warn({ ...rest, jobId }, 'cancelled job not announced')
}

const gone = () => new AppError('task_not_found', 'The task is gone.', { param: 'id' })

const notCancellable = (message: string) => new AppError('not_cancellable', message)
