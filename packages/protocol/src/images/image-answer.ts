import type { StoredPart } from '@sluice/contracts/events'
import type { ImageFacts } from '@sluice/contracts/image-request'

import type { AnswerPiece } from './answer-piece.ts'
import { objectWithPicture } from './answer-piece.ts'

/** A requested picture that could not be generated. */
export interface MissedPart {
  index: number
  code: string
  message: string
  param?: string
}

/** How a response contains its pictures: as base64, as signed links, or as both. */
export const pictureForms = ['both', 'b64_json', 'url'] as const
export type PictureForm = (typeof pictureForms)[number]

export interface ImageAnswerInput {
  taskId: string
  createdAt: Date
  requested: number
  /** Stored pictures in order of index; at least one. */
  parts: readonly StoredPart[]
  missed: readonly MissedPart[]
  responseFormat: PictureForm
  /** The signed URL of a part. */
  linkOf: (part: StoredPart) => string
  safetyIdentifier?: string | undefined
}

/**
 * The image response of OpenAI with the effective values, and a `sluice` extension with the task
 * id and the numbers of requested and delivered pictures.
 */
export function imageAnswer(input: ImageAnswerInput): AnswerPiece[] {
  const { parts, safetyIdentifier } = input
  const [first] = parts
  const usage = imageUsageOf(parts)
  const rest = {
    ...(first && effectiveValues(first.facts)),
    ...(usage && { usage }),
    ...(safetyIdentifier !== undefined && { safety_identifier: safetyIdentifier }),
    sluice: deliveryOf(input),
  }
  return [
    { text: `{"created":${unixSeconds(input.createdAt)},"data":[` },
    ...parts.flatMap((part, at) => [...(at > 0 ? [{ text: ',' }] : []), ...itemOf(part, input)]),
    { text: `],${JSON.stringify(rest).slice(1)}` },
  ]
}

function itemOf(part: StoredPart, { responseFormat, linkOf }: ImageAnswerInput): AnswerPiece[] {
  const rest = {
    ...(responseFormat !== 'b64_json' && { url: linkOf(part) }),
    ...(part.revisedPrompt !== null && { revised_prompt: part.revisedPrompt }),
  }
  if (responseFormat === 'url') return [{ text: JSON.stringify(rest) }]
  return objectWithPicture({ name: 'b64_json', blobKey: part.blobKey }, rest)
}

/** The effective values of the picture; never `auto`. */
export function effectiveValues({ width, height, quality, background, format }: ImageFacts) {
  return { background, output_format: format, quality, size: `${width}x${height}` }
}

/** Tokens of all pictures whose upstream reported them; undefined when none did. */
export function imageUsageOf(parts: readonly StoredPart[]) {
  const reported = parts.flatMap(({ tokens }) => (tokens ? [tokens] : []))
  if (reported.length === 0) return undefined
  const sum = (read: (tokens: (typeof reported)[number]) => number) =>
    reported.reduce((total, tokens) => total + read(tokens), 0)
  const text = sum(({ inputText }) => inputText)
  const image = sum(({ inputImage }) => inputImage)
  const output = sum((tokens) => tokens.output)
  return {
    input_tokens: text + image,
    output_tokens: output,
    total_tokens: text + image + output,
    input_tokens_details: { text_tokens: text, image_tokens: image },
    output_tokens_details: { text_tokens: 0, image_tokens: output },
  }
}

/** The `sluice` extension of a response: its task, and the missing pictures with their errors. */
export function deliveryOf({
  taskId,
  requested,
  parts,
  missed,
}: Pick<ImageAnswerInput, 'taskId' | 'requested' | 'parts' | 'missed'>) {
  return {
    task_id: taskId,
    requested,
    delivered: parts.length,
    ...(missed.length > 0 && { missing: missed }),
  }
}

export const unixSeconds = (date: Date) => Math.floor(date.getTime() / 1_000)
