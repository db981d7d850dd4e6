import type { ImageJobEvent, StoredPart } from '@sluice/contracts/events'
import { unreachable } from '@sluice/kernel/assert'

import type { AnswerPiece } from './answer-piece.ts'
import { eventAround, objectWithPicture } from './answer-piece.ts'
import { effectiveValues, unixSeconds } from './image-answer.ts'
import { taskPicture } from './task-object.ts'

type Failure = Extract<ImageJobEvent['fact'], { type: 'part-failed' }>['failure']

export interface TaskEventContext {
  linkOf: (part: StoredPart) => string
  /** The error object of the envelope for a failure of the job. */
  errorOf: (failure: Failure) => Record<string, unknown>
  /** False when the bytes of a partial picture have expired. */
  hasPartial: boolean
}

/**
 * A job's event on `GET /v1/images/tasks/{id}/events`: `queued`, `started`, `partial`, `stored`, `missing`,
 * `requeued`, and one of `done`, `failed`, `cancelled` as the last. `id` is its number, for `Last-Event-ID`.
 */
export function taskEvent(event: ImageJobEvent, context: TaskEventContext): AnswerPiece[] {
  const { jobId, seq, at, fact } = event
  const type = eventName(fact)
  const head = { type, task_id: jobId, at: unixSeconds(at) }
  const around = (rest: Record<string, unknown>) =>
    eventAround({ type, id: seq }, [{ text: JSON.stringify({ ...head, ...rest }) }])

  switch (fact.type) {
    case 'queued':
      return around({})
    case 'started':
      return around({ attempt: fact.attempt })
    case 'partial': {
      const rest = {
        index: fact.index,
        partial_image_index: fact.partialIndex,
        ...effectiveValues(fact.facts),
      }
      if (!context.hasPartial) return around({ ...rest, b64_json: null })
      return eventAround(
        { type, id: seq },
        objectWithPicture({ name: 'b64_json', blobKey: fact.blobKey }, { ...head, ...rest }),
      )
    }
    case 'stored':
      return around(taskPicture(fact.part, context.linkOf))
    case 'part-failed':
      return around({ index: fact.index, error: context.errorOf(fact.failure) })
    case 'requeued':
      return around({ reason: fact.reason })
    case 'ended':
      return around({
        data: fact.parts.map((part) => taskPicture(part, context.linkOf)),
        error: fact.failure && context.errorOf(fact.failure),
      })
    default:
      return unreachable(fact)
  }
}

/** Queue position of a waiting task; not one of its numbered events, so it has no `id`. */
export function positionEvent({ taskId, position }: { taskId: string; position: number }) {
  const type = 'queued'
  return eventAround({ type }, [{ text: JSON.stringify({ type, task_id: taskId, position }) }])
}

function eventName(fact: ImageJobEvent['fact']): string {
  if (fact.type === 'ended') return fact.state
  return fact.type === 'part-failed' ? 'missing' : fact.type
}
