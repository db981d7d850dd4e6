import type { StoredPart } from '@sluice/contracts/events'
import type { ImageRequest } from '@sluice/contracts/image-request'

import type { MissedPart } from './image-answer.ts'
import { effectiveValues, imageUsageOf, unixSeconds } from './image-answer.ts'

export type TaskStatus = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

/** The public view of an image job. */
export interface TaskView {
  taskId: string
  status: TaskStatus
  request: Pick<ImageRequest, 'kind' | 'model' | 'count'>
  createdAt: Date
  startedAt: Date | null
  endedAt: Date | null
  /** Queue position, 1 for the next; undefined when it is not queued or not counted. */
  position?: number | undefined
  parts: readonly StoredPart[]
  missed: readonly MissedPart[]
  /** The error object of the envelope, when the task failed or was cancelled. */
  error: Record<string, unknown> | null
}

/** The task object of `GET /v1/images/tasks/{id}`. Links are signed anew for each request. */
export function taskObject(view: TaskView, linkOf: (part: StoredPart) => string) {
  const usage = imageUsageOf(view.parts)
  return {
    ...taskHead(view),
    kind: view.request.kind,
    model: view.request.model,
    n: view.request.count,
    started_at: view.startedAt && unixSeconds(view.startedAt),
    finished_at: view.endedAt && unixSeconds(view.endedAt),
    ...(view.position !== undefined && { position: view.position }),
    data: view.parts.map((part) => taskPicture(part, linkOf)),
    ...(view.missed.length > 0 && { missing: view.missed }),
    ...(usage && { usage }),
    error: view.error,
  }
}

/** The short form: the 202 response to `"async": true`. */
export function taskHead({ taskId, status, createdAt }: Pick<TaskView, TaskHeadField>) {
  return {
    id: taskId,
    task_id: taskId,
    object: 'image.task',
    status,
    created: unixSeconds(createdAt),
  }
}
type TaskHeadField = 'taskId' | 'status' | 'createdAt'

/** A stored picture in the task object and its events. */
export function taskPicture(part: StoredPart, linkOf: (part: StoredPart) => string) {
  return {
    index: part.index,
    url: linkOf(part),
    bytes: part.bytes,
    sha256: part.sha256,
    ...effectiveValues(part.facts),
    ...(part.revisedPrompt !== null && { revised_prompt: part.revisedPrompt }),
  }
}
