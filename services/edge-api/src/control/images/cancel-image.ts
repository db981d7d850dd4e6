import { cancelJob } from '../../images/cancel-task.ts'
import { ownTask } from '../../images/own-task.ts'
import type { ControlCall, ControlHandlers } from '../handlers.ts'
import { recordAction } from '../record-action.ts'
import { describeTask } from './describe-task.ts'
import { anyTask, describeAnyTask } from './get-image.ts'
import type { ImagesContext } from './images-context.ts'

/**
 * `POST /api/user/images/{id}/cancel`: ends a task of which nothing is drawn; the hold is given back. Again
 * is the same. Throws `not_cancellable`, `task_not_found`.
 */
export async function cancelImage(
  { gateway }: Pick<ImagesContext, 'gateway'>,
  { session, params }: ControlCall<'cancelImage'>,
): ReturnType<ControlHandlers['cancelImage']> {
  const waiting = await ownTask(gateway.deps, { principal: session, taskId: params.id })
  const job = await cancelJob(gateway, waiting)
  return describeTask(gateway, { job })
}

/** `POST /api/admin/images/{id}/cancel`: the same, of anybody's task. */
export async function cancelAnyImage(
  { gateway }: Pick<ImagesContext, 'gateway'>,
  call: ControlCall<'cancelAnyImage'>,
): ReturnType<ControlHandlers['cancelAnyImage']> {
  const job = await cancelJob(gateway, await anyTask(gateway, call.params.id))
  recordAction(gateway.deps, call, { act: 'image.cancel', target: job.id })
  return describeAnyTask(gateway, job)
}
