import type { ImageJobFact, StoredPart } from '@sluice/contracts/events'

import type { AnswerPiece } from './answer-piece.ts'
import { eventAround, objectWithPicture } from './answer-piece.ts'
import type { MissedPart, PictureForm } from './image-answer.ts'
import { effectiveValues, imageUsageOf, unixSeconds } from './image-answer.ts'

/** The prefix of event names, by the kind of request, as in OpenAI's API. */
export type ImageEventFamily = 'image_generation' | 'image_edit'

interface EventContext {
  family: ImageEventFamily
  taskId: string
  at: Date
}

/** `image_generation.partial_image` / `image_edit.partial_image`. */
export function partialImageEvent(
  { family, taskId, at }: EventContext,
  partial: Extract<ImageJobFact, { type: 'partial' }>,
): AnswerPiece[] {
  const type = `${family}.partial_image`
  return eventAround(
    { type },
    objectWithPicture(
      { name: 'b64_json', blobKey: partial.blobKey },
      {
        type,
        partial_image_index: partial.partialIndex,
        created_at: unixSeconds(at),
        ...effectiveValues(partial.facts),
        sluice: { task_id: taskId, index: partial.index },
      },
    ),
  )
}

/**
 * `image_generation.completed` / `image_edit.completed`, one for each stored picture, with
 * `b64_json`, `url` or both.
 */
export function completedImageEvent(
  { family, taskId, at }: EventContext,
  { part, form, linkOf, safetyIdentifier }: CompletedImage,
): AnswerPiece[] {
  const type = `${family}.completed`
  const usage = imageUsageOf([part])
  const rest = {
    type,
    ...(form !== 'b64_json' && { url: linkOf(part) }),
    created_at: unixSeconds(at),
    ...effectiveValues(part.facts),
    ...(part.revisedPrompt !== null && { revised_prompt: part.revisedPrompt }),
    ...(usage && { usage }),
    ...(safetyIdentifier !== undefined && { safety_identifier: safetyIdentifier }),
    sluice: { task_id: taskId, index: part.index },
  }
  const json =
    form === 'url'
      ? [{ text: JSON.stringify(rest) }]
      : objectWithPicture({ name: 'b64_json', blobKey: part.blobKey }, rest)
  return eventAround({ type }, json)
}

export interface CompletedImage {
  part: StoredPart
  form: PictureForm
  /** The signed URL of a part. */
  linkOf: (part: StoredPart) => string
  safetyIdentifier?: string | undefined
}

/** An extension: one of several pictures failed, the others continue. SDKs pass unknown types through. */
export function missedImageEvent(
  { family, taskId }: EventContext,
  missed: MissedPart,
): AnswerPiece[] {
  const type = `${family}.missing`
  return eventAround({ type }, [
    { text: JSON.stringify({ type, ...missed, sluice: { task_id: taskId } }) },
  ])
}
