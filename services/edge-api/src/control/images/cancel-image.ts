import { cancelJob } from '../../images/cancel-task.ts'
import { ownTask } from '../../images/own-task.ts'
import type { ControlCall, ControlHandlers } from '../handlers.ts'
import { recordAct } from '../record-act.ts'
import { describeTask } from './describe-task.ts'
import { anyTask, describeAnyTask } from './get-image.ts'
import type { ImageParts } from './image-parts.ts'

/**
 * `POST /api/user/images/{id}/cancel`: ends a task of which nothing is drawn; the hold is given back. Again
 * is the same. Throws `not_cancellable`, `task_not_found`.
 */
export async function cancelImage(
  { door }: Pick<ImageParts, 'door'>,
  { session, params }: ControlCall<'cancelImage'>,
): ReturnType<ControlHandlers['cancelImage']> {
  const waiting = await ownTask(door.deps, { principal: session, taskId: params.id })
  const job = await cancelJob(door, waiting)
  return describeTask(door, { job })
}

/** `POST /api/admin/images/{id}/cancel`: the same, of anybody's task. */
export async function cancelAnyImage(
  { door }: Pick<ImageParts, 'door'>,
  call: ControlCall<'cancelAnyImage'>,
): ReturnType<ControlHandlers['cancelAnyImage']> {
  const job = await cancelJob(door, await anyTask(door, call.params.id))
  recordAct(door.deps, call, { act: 'image.cancel', target: job.id })
  return describeAnyTask(door, job)
}
