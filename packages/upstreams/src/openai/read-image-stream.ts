import type { FetchGuarded } from '@sluice/egress/guarded-fetch'
import { isAppError } from '@sluice/kernel/app-error'
import type { SseEvent, SseParser } from '@sluice/protocol/sse'
import { createSseParser } from '@sluice/protocol/sse'

import type { z } from 'zod'

import { classifyStreamError } from '../classify-failure.ts'
import { hideSecret, readErrorBody } from '../error-body.ts'
import { failureOf } from '../failure-treatments.ts'
import { parseJson } from '../parse-json.ts'
import type { SentAnswer } from '../send-call.ts'
import { readChunks } from '../send-call.ts'
import type { DrawInput, DrawnPicture } from '../upstream.ts'
import { UpstreamError } from '../upstream-error.ts'
import { imageEvent } from './image-answer.ts'
import { EVENT_CHARS_MAX, STREAM_BYTES_MAX } from './image-limits.ts'
import { decodePicture, pictureFacts, takePicture } from './take-picture.ts'

/**
 * Reads a streamed image answer: hands on each partial picture, answers the completed one and leaves.
 * A stream that ends without one was cut, however politely it ended.
 */
export async function readImageStream(
  deps: { fetchGuarded: FetchGuarded },
  { access, answer, request: asked, onPartial, signal }: DrawInput & { answer: SentAnswer },
): Promise<DrawnPicture> {
  const { status } = answer
  const parser = createSseParser({ eventCharsMax: EVENT_CHARS_MAX })
  let partials = 0
  for await (const chunk of readChunks(answer, { bytesMax: STREAM_BYTES_MAX, signal })) {
    for (const event of parse(parser, { chunk, status })) {
      const heard = readImageEvent(event)
      if (heard.kind === 'completed') {
        return await takePicture(deps, { item: heard.event, stated: heard.event, asked, signal })
      }
      if (heard.kind === 'broken') throw new UpstreamError(failureOf('answer-broken', { status }))
      if (heard.kind === 'error') {
        // Partial pictures are billed by tokens, also when no completed one follows.
        const mayHaveProduced = partials > 0
        const body = readErrorBody(hideSecret(heard.text, access.secret))
        throw new UpstreamError(classifyStreamError({ body, mayHaveProduced }))
      }
      if (heard.kind !== 'partial' || partials >= asked.partialImages) continue
      const bytes = heard.event.b64_json ? decodePicture(heard.event.b64_json) : undefined
      const facts = bytes && pictureFacts({ bytes, stated: heard.event, asked })
      if (!bytes || !facts) continue
      await onPartial?.({ index: partials, bytes, facts })
      partials += 1
    }
  }
  throw new UpstreamError(failureOf('answer-cut', { status }))
}

type Heard =
  | { kind: 'partial' | 'completed'; event: z.output<typeof imageEvent> }
  | { kind: 'error'; text: string }
  | { kind: 'broken' | 'nothing' }

/** What one event says. The three styles of bad news are all heard. Pure. */
function readImageEvent({ event: name, data }: SseEvent): Heard {
  if (data.trim() === '' || data === '[DONE]') return { kind: 'nothing' }
  const value = parseJson(data)
  const parsed = imageEvent.safeParse(value)
  if (!parsed.success) return { kind: 'broken' }
  const type = parsed.data.type ?? name ?? ''
  if (name === 'error' || type === 'error' || 'error' in parsed.data || type.endsWith('.failed')) {
    return { kind: 'error', text: data }
  }
  if (type.endsWith('.partial_image')) return { kind: 'partial', event: parsed.data }
  if (type.endsWith('.completed')) return { kind: 'completed', event: parsed.data }
  return { kind: 'nothing' }
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
