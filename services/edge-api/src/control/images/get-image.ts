import { AppError } from '@sluice/kernel/app-error'
import type { ImageJob } from '@sluice/jobs/image-job'

import type { Door } from '../../door.ts'
import { ownTask } from '../../images/own-task.ts'
import type { ControlCall, ControlHandlers } from '../handlers.ts'
import { describeTask, describeTasks } from './describe-task.ts'
import type { ImageParts } from './image-parts.ts'
import { showAnyTask } from './list-all-images.ts'
import { readMoney } from './read-money.ts'

/** `GET /api/user/images/{id}`. Throws `task_not_found` also for a task of somebody else. */
export async function getImage(
  { door }: Pick<ImageParts, 'door'>,
  { session, params }: ControlCall<'getImage'>,
): ReturnType<ControlHandlers['getImage']> {
  const job = await ownTask(door.deps, { principal: session, taskId: params.id })
  return describeTask(door, { job })
}

/** `GET /api/admin/images/{id}`. */
export async function getAnyImage(
  { door }: Pick<ImageParts, 'door'>,
  { params }: ControlCall<'getAnyImage'>,
): ReturnType<ControlHandlers['getAnyImage']> {
  return describeAnyTask(door, await anyTask(door, params.id))
}

/** Anybody's task, for operators. Throws `task_not_found`. */
export async function anyTask({ deps }: Pick<Door, 'deps'>, taskId: string): Promise<ImageJob> {
  const job = await deps.jobs.read(taskId)
  if (job) return job
  throw new AppError('task_not_found', `No task '${taskId}'.`, { param: 'id' })
}

export async function describeAnyTask(
  door: Pick<Door, 'deps'>,
  job: ImageJob,
): ReturnType<ControlHandlers['getAnyImage']> {
  const [[described], money] = await Promise.all([
    describeTasks(door, { jobs: [job], withPartials: false }),
    readMoney(door.deps, job),
  ])
  if (!described) throw new Error('one job has one description')
  return showAnyTask(described, money)
}
