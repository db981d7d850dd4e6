import { AppError } from '@sluice/kernel/app-error'
import type { ImageJob } from '@sluice/jobs/image-job'

import type { GatewayContext } from '../../gateway-context.ts'
import { ownTask } from '../../images/own-task.ts'
import type { ControlCall, ControlHandlers } from '../handlers.ts'
import { describeTask, describeTasks } from './describe-task.ts'
import type { ImagesContext } from './images-context.ts'
import { toAdminTaskDto } from './list-all-images.ts'
import { readMoney } from './read-money.ts'

/** `GET /api/user/images/{id}`. Throws `task_not_found` also for another user's task. */
export async function getImage(
  { gateway }: Pick<ImagesContext, 'gateway'>,
  { session, params }: ControlCall<'getImage'>,
): ReturnType<ControlHandlers['getImage']> {
  const job = await ownTask(gateway.deps, { principal: session, taskId: params.id })
  return describeTask(gateway, { job })
}

/** `GET /api/admin/images/{id}`. */
export async function getAnyImage(
  { gateway }: Pick<ImagesContext, 'gateway'>,
  { params }: ControlCall<'getAnyImage'>,
): ReturnType<ControlHandlers['getAnyImage']> {
  return describeAnyTask(gateway, await readAnyTask(gateway, params.id))
}

/** Any user's task, for operators. Throws `task_not_found`. */
export async function readAnyTask(
  { deps }: Pick<GatewayContext, 'deps'>,
  taskId: string,
): Promise<ImageJob> {
  const job = await deps.jobs.read(taskId)
  if (job) return job
  throw new AppError('task_not_found', `No task '${taskId}'.`, { param: 'id' })
}

export async function describeAnyTask(
  gateway: Pick<GatewayContext, 'deps'>,
  job: ImageJob,
): ReturnType<ControlHandlers['getAnyImage']> {
  const [[described], money] = await Promise.all([
    describeTasks(gateway, { jobs: [job], withPartials: false }),
    readMoney(gateway.deps, job),
  ])
  if (!described) throw new Error('a job without a description')
  return toAdminTaskDto(described, money)
}
