import type { GatewayContext } from '../gateway-context.ts'
import type { Principal } from '../http/request.ts'
import type { LinkReader } from './image-links.ts'
import { describeTask, ownTask } from './own-task.ts'

export interface TaskRequest {
  principal: Principal
  taskId: string
  /** The request whose response carries the links. */
  reader: LinkReader
}

/** `GET /v1/images/tasks/{id}`: the state of the task, and the pictures stored so far. */
export async function readTask({ deps }: GatewayContext, request: TaskRequest) {
  const job = await ownTask(deps, request)
  const position = job.state === 'queued' ? await deps.jobs.queuePosition(job.id) : undefined
  return describeTask(deps, { job, reader: request.reader, position })
}
