import type { imageTask, imageTaskDetail } from '@sluice/contracts/control/images'
import type { ImageJob, ImageJobPart, JobFailure } from '@sluice/jobs/image-job'
import { asErrorCode } from '@sluice/kernel/error-codes'
import type { z } from 'zod'

import { taskStatuses } from '../../images/answer-with-task.ts'
import type { KeyOwner } from '../../store/key-owner-store.ts'
import type { PicturePath } from './picture-paths.ts'
import { partialPath } from './picture-paths.ts'

export type ShownTask = z.output<typeof imageTask>
export type ShownTaskDetail = z.output<typeof imageTaskDetail>

export interface Showing {
  pathOf: PicturePath
  /** Whose partial pictures are not for the reader is told of none. */
  withPartials: boolean
  /** The place in line; undefined when it does not wait. */
  position: number | undefined
  /** Undefined when the key is not known any more. */
  owner: KeyOwner | undefined
}

/** A job as people see it. */
export function showTask(job: ImageJob, { position, owner, ...showing }: Showing): ShownTask {
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
    pictures: job.parts.map((part) => showPicture(job, part, showing)),
    failure: showFailure(job.failure),
    api_key: isPanel ? null : { id: owner.apiKeyId, name: owner.name, prefix: owner.prefix },
  }
}

function showPicture(
  { id: task }: ImageJob,
  { index, state, stored, failure, partials }: ImageJobPart,
  { pathOf, withPartials }: Pick<Showing, 'pathOf' | 'withPartials'>,
): ShownTask['pictures'][number] {
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
    failure: showFailure(failure),
  }
}

/** By the closest code that the house has: upstreams and older releases may have their own. */
function showFailure(failure: JobFailure | null): ShownTask['failure'] {
  if (!failure) return null
  const { code, message, param, upstreamCode } = failure
  return {
    code: asErrorCode(code) ?? 'upstream_failed',
    message,
    ...(param !== undefined && { param }),
    ...(upstreamCode !== undefined && { upstream_code: upstreamCode }),
  }
}
