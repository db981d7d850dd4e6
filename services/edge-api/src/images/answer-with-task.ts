import type { ServerResponse } from 'node:http'

import type { ImageJob, JobState } from '@sluice/jobs/image-job'
import type { TaskStatus } from '@sluice/protocol/images/task-object'
import { taskHead } from '@sluice/protocol/images/task-object'

/** Public names of the job states. */
export const taskStatuses = {
  queued: 'queued',
  claimed: 'running',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
} as const satisfies Record<JobState, TaskStatus>

/** Response for `"async": true`: 202 and the task to poll. */
export function answerWithTask(outgoing: ServerResponse, job: ImageJob): void {
  const { id: taskId, createdAt } = job
  const body = taskHead({ taskId, createdAt, status: taskStatuses[job.state] })
  writeJson(outgoing, { status: 202, body, headers: { location: `/v1/images/tasks/${taskId}` } })
}

/** A small JSON response with `cache-control: no-store`. */
export function writeJson(
  outgoing: ServerResponse,
  { status, body, headers = {} }: JsonAnswer,
): void {
  const bytes = Buffer.from(JSON.stringify(body))
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    'cache-control': 'no-store',
    ...headers,
  })
  outgoing.end(bytes)
}

interface JsonAnswer {
  status: number
  body: unknown
  headers?: Record<string, string>
}
