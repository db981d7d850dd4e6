import type { ImageJob } from '@sluice/jobs/image-job'
import { AppError } from '@sluice/kernel/app-error'
import { renderError } from '@sluice/protocol/error-envelope'
import type { TaskView } from '@sluice/protocol/images/task-object'
import { taskObject } from '@sluice/protocol/images/task-object'

import type { EdgeDeps } from '../deps.ts'
import type { Principal } from '../http/request.ts'
import { taskStatuses } from './answer-with-task.ts'
import type { LinkReader } from './image-links.ts'
import { signedLinks } from './image-links.ts'
import { endOfJob, failureError, picturesOf } from './job-end.ts'

/** Reads a task of the caller's wallet. A missing task and another user's task give the same error. */
export async function ownTask(
  { jobs }: Pick<EdgeDeps, 'jobs'>,
  { principal, taskId }: { principal: Pick<Principal, 'wallet'>; taskId: string },
): Promise<ImageJob> {
  const job = /^img_[0-9a-f]{32}$/.test(taskId) ? await jobs.read(taskId) : undefined
  if (job?.wallet === principal.wallet) return job
  throw new AppError('task_not_found', `No task '${taskId.slice(0, 50)}'.`, { param: 'id' })
}

/** The public task object for its owner, with freshly signed links. */
export function describeTask(
  deps: EdgeDeps,
  { job, reader, position }: { job: ImageJob; reader: LinkReader; position?: number | undefined },
) {
  return taskObject({ ...taskView(job), position }, signedLinks(deps, { jobId: job.id, reader }))
}

function taskView(job: ImageJob): TaskView {
  const { id: taskId, request, createdAt, startedAt, endedAt } = job
  const status = taskStatuses[job.state]
  const end = endOfJob(job)
  const error = end && end.state !== 'done' ? errorObject(failureError(end, taskId)) : null
  return { taskId, status, request, createdAt, startedAt, endedAt, ...picturesOf(job), error }
}

/** The error object of the envelope. */
export const errorObject = (error: AppError) => renderError(error).envelope.error
