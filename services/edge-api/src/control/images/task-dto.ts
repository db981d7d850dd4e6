import type { imageTask, imageTaskDetail } from '@sluice/contracts/control/images'
import type { ImageJob, ImageJobPart, JobFailure } from '@sluice/jobs/image-job'
import { asErrorCode } from '@sluice/kernel/error-codes'
import type { z } from 'zod'

import { taskStatuses } from '../../images/answer-with-task.ts'
import type { KeyOwner } from '../../store/key-owner-store.ts'
import type { PicturePath } from './picture-paths.ts'
import { partialPath } from './picture-paths.ts'

export type TaskDto = z.output<typeof imageTask>
export type TaskDetailDto = z.output<typeof imageTaskDetail>

export interface TaskDtoOptions {
  pathOf: PicturePath
  /** False when the reader may not see partial pictures. */
  withPartials: boolean
  /** The queue position; undefined when the task is not queued. */
  position: number | undefined
  /** Undefined when the key no longer exists. */
  owner: KeyOwner | undefined
}

/** A job for the panel. */
export function toTaskDto(job: ImageJob, { position, owner, ...showing }: TaskDtoOptions): TaskDto {
  const { request } = job
  const isPanel = owner === undefined || owner.isPanelKey
  return {
    id: job.id,
    state: taskStatuses[job.state],
    kind: request.kind,
    model: request.model,
    prompt: request.prompt,
    count: request.count,
    size: request.size,
    quality: request.quality,
    background: request.background,
    format: request.format,
    references: request.images.length,
    created_at: job.createdAt,
    started_at: job.startedAt,
    ended_at: job.endedAt,
    position: job.state === 'queued' ? (position ?? null) : null,
    last_event: job.lastSeq,
    pictures: job.parts.map((part) => toPictureDto(job, part, showing)),
    failure: toFailureDto(job.failure),
    api_key: isPanel ? null : { id: owner.apiKeyId, name: owner.name, prefix: owner.prefix },
  }
}

function toPictureDto(
  { id: task }: ImageJob,
  { index, state, stored, failure, partials }: ImageJobPart,
  { pathOf, withPartials }: Pick<TaskDtoOptions, 'pathOf' | 'withPartials'>,
): TaskDto['pictures'][number] {
  const hasPartial = withPartials && state === 'generating' && partials > 0
  return {
    index,
    state,
    url: stored && pathOf({ task, index }),
    width: stored?.facts.width ?? null,
    height: stored?.facts.height ?? null,
    bytes: stored?.bytes ?? null,
    format: stored?.facts.format ?? null,
    revised_prompt: stored?.revisedPrompt ?? null,
    partial_url: hasPartial ? partialPath(task, index, partials - 1) : null,
    failure: toFailureDto(failure),
  }
}

/** The closest known error code: upstreams and older releases may have others. */
function toFailureDto(failure: JobFailure | null): TaskDto['failure'] {
  if (!failure) return null
  const { code, message, param, upstreamCode } = failure
  return {
    code: asErrorCode(code) ?? 'upstream_failed',
    message,
    ...(param !== undefined && { param }),
    ...(upstreamCode !== undefined && { upstream_code: upstreamCode }),
  }
}
