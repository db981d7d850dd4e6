import type { FetchGuarded } from '@sluice/egress/guarded-fetch'
import { isAppError } from '@sluice/kernel/app-error'
import type { SseEvent, SseParser } from '@sluice/protocol/sse'
import { createSseParser } from '@sluice/protocol/sse'

import { classifyStreamError } from '../classify-failure.ts'
import { hideSecret, readErrorBody, secretsOf } from '../error-body.ts'
import { failureOf } from '../failure-treatments.ts'
import type { GenerateInput, GeneratedPicture } from '../upstream.ts'
import { UpstreamError } from '../upstream-error.ts'
import { decodePicture } from './decode-picture.ts'
import type { FoundPicture } from './find-pictures.ts'
import { EVENT_CHARS_MAX } from './image-limits.ts'
import { readImageEvent } from './image-event.ts'
import type { StatedFacts } from './image-answer.ts'
import { pictureFacts, extractPicture } from './extract-picture.ts'

type StreamInput = GenerateInput & { chunks: AsyncIterable<Uint8Array>; status: number }

/**
 * Reads a streamed image response: passes on each partial image and returns the completed one. Throws an
 * UpstreamError for a stream without a completed image.
 */
export async function readImageStream(
  deps: { fetchGuarded: FetchGuarded },
  input: StreamInput,
): Promise<GeneratedPicture> {
  const { access, chunks, status, request: requested, signal } = input
  let partials = 0
  let unreadable = false
  for await (const event of eventsOf(chunks, status)) {
    const read = readImageEvent(event)
    if (read.kind === 'completed') {
      const { found, stated } = read
      const generated = await extractPicture(deps, { access, found, stated, requested, signal })
      if (generated) return generated
      unreadable = true
    }
    if (read.kind === 'broken') throw new UpstreamError(failureOf('answer-broken', { status }))
    if (read.kind === 'error') {
      // Partial images are charged by tokens even when no completed one follows.
      const mayHaveProduced = partials > 0 || unreadable
      const body = readErrorBody(hideSecret(read.text, secretsOf(access)))
      throw new UpstreamError(classifyStreamError({ body, mayHaveProduced }))
    }
    if (read.kind !== 'partial' || partials >= requested.partialImages) continue
    if (await passPartial(input, { ...read, index: partials })) partials += 1
  }
  // The body is not truncated, so a retry would have the same result.
  throw new UpstreamError(failureOf('answer-broken', { status }))
}

/** Passes on a partial image; false for one that cannot be read. */
async function passPartial(
  { request: requested, onPartial }: StreamInput,
  { found, stated, index }: { found: readonly FoundPicture[]; stated: StatedFacts; index: number },
): Promise<boolean> {
  const [text] = found[0]?.texts ?? []
  const bytes = text === undefined ? undefined : decodePicture(text)
  const facts = bytes && pictureFacts({ bytes, stated, requested })
  if (!bytes || !facts) return false
  await onPartial?.({ index, bytes, facts })
  return true
}

const BLANK_LINE = Buffer.from('\n\n')

/** The events of a body, including a last one without the blank line that many servers omit. */
async function* eventsOf(
  chunks: AsyncIterable<Uint8Array>,
  status: number,
): AsyncGenerator<SseEvent, void, void> {
  const parser = createSseParser({ eventCharsMax: EVENT_CHARS_MAX })
  for await (const chunk of chunks) yield* parse(parser, { chunk, status })
  yield* parse(parser, { chunk: BLANK_LINE, status })
}

function parse(
  parser: SseParser,
  { chunk, status }: { chunk: Uint8Array; status: number },
): SseEvent[] {
  try {
    return parser.push(chunk)
  } catch (error) {
    if (!isAppError(error, 'upstream_failed')) throw error
    throw new UpstreamError(failureOf('answer-too-large', { status }), error)
  }
}
