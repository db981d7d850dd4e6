import type { ServerResponse } from 'node:http'

import type { Door } from '../door.ts'
import type { Principal } from '../request.ts'
import { writeJson } from './answer-with-task.ts'
import { describeTask, ownTask } from './own-task.ts'

export interface TaskRequest {
  principal: Principal
  taskId: string
  outgoing: ServerResponse
}

/** `GET /v1/images/tasks/{id}`: where the task stands, and its pictures so far. */
export async function readTask({ deps }: Door, request: TaskRequest): Promise<void> {
  const job = await ownTask(deps, request)
  const position = job.state === 'queued' ? await deps.jobs.queuePosition(job.id) : undefined
  writeJson(request.outgoing, { status: 200, body: describeTask(deps, job, position) })
}
