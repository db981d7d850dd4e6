import type { SseEvent } from '@sluice/protocol/sse'

import { parseJson } from '../parse-json.ts'
import type { FoundPicture } from './find-pictures.ts'
import { findPictures } from './find-pictures.ts'
import type { StatedFacts } from './image-answer.ts'
import { statedFactsOf } from './image-answer.ts'

/** A parsed event of a streamed image response. */
export type ImageEvent =
  | { kind: 'partial' | 'completed'; found: readonly FoundPicture[]; stated: StatedFacts }
  | { kind: 'error'; text: string }
  | { kind: 'broken' | 'nothing' }

/**
 * Parses one event: of OpenAI's image routes (`image_generation.partial_image`, `….completed`), of its
 * Responses API (`response.image_generation_call.…`), of compatible services with other names or none, a
 * whole JSON response in one event, and the three error formats. Events with unknown names are classified by
 * their content. Pure.
 */
export function readImageEvent({ event: name, data }: SseEvent): ImageEvent {
  const text = data.trim()
  if (text === '' || text === '[DONE]') return { kind: 'nothing' }
  const value = parseJson(text)
  // Text that is not JSON only keeps the connection alive; a truncated object is an error.
  if (value === undefined) return { kind: /^[{["]/.test(text) ? 'broken' : 'nothing' }
  const type = typeOf(value) ?? name ?? ''
  if (name === 'error' || isError(value, type)) return { kind: 'error', text }
  if (typeof value !== 'object') return { kind: 'nothing' }
  const found = findPictures(value)
  if (found.length === 0) return { kind: 'nothing' }
  const kind = isPartial(value, type) ? 'partial' : 'completed'
  return { kind, found, stated: statedFactsOf(value) }
}

function isError(value: unknown, type: string): boolean {
  if (type === 'error' || type.endsWith('.failed')) return true
  const error = memberOf(value, 'error')
  return error !== undefined && error !== null
}

function isPartial(value: unknown, type: string): boolean {
  if (/partial|preview|progress|intermediate/i.test(type)) return true
  if (/complete|done|final|result/i.test(type)) return false
  return typeof memberOf(value, 'partial_image_index') === 'number'
}

function typeOf(value: unknown): string | undefined {
  const type = memberOf(value, 'type')
  return typeof type === 'string' ? type : undefined
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.entries(value).find(([key]) => key === name)?.[1]
}
