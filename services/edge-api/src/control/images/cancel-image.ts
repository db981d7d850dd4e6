import { cancelJob } from '../../images/cancel-task.ts'
import { ownTask } from '../../images/own-task.ts'
import type { ControlCall, ControlHandlers } from '../handlers.ts'
import { recordAction } from '../record-action.ts'
import { describeTask } from './describe-task.ts'
import { readAnyTask, describeAnyTask } from './get-image.ts'
import type { ImagesContext } from './images-context.ts'

/**
 * `POST /api/user/images/{id}/cancel`: cancels a task whose generation has not started; the hold is voided.
 * Repeating it returns the same. Throws `not_cancellable`, `task_not_found`.
 */
export async function cancelImage(
  { gateway }: Pick<ImagesContext, 'gateway'>,
  { session, params }: ControlCall<'cancelImage'>,
): ReturnType<ControlHandlers['cancelImage']> {
  const task = await ownTask(gateway.deps, { principal: session, taskId: params.id })
  const job = await cancelJob(gateway, task)
  return describeTask(gateway, { job })
}

/** `POST /api/admin/images/{id}/cancel`: the same for any user's task. */
export async function cancelAnyImage(
  { gateway }: Pick<ImagesContext, 'gateway'>,
  call: ControlCall<'cancelAnyImage'>,
): ReturnType<ControlHandlers['cancelAnyImage']> {
  const job = await cancelJob(gateway, await readAnyTask(gateway, call.params.id))
  recordAction(gateway.deps, call, { act: 'image.cancel', target: job.id })
  return describeAnyTask(gateway, job)
}
