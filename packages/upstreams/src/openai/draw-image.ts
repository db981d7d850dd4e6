import { failureOf } from '../failure-treatments.ts'
import { parseJson } from '../parse-json.ts'
import { one } from '../rate-limit-headers.ts'
import type { SentAnswer } from '../send-call.ts'
import { readText, sendCall } from '../send-call.ts'
import type { DrawInput, DrawnPicture, UpstreamDeps } from '../upstream.ts'
import { UpstreamError } from '../upstream-error.ts'
import { imageAnswer } from './image-answer.ts'
import { imageCall } from './image-call.ts'
import { ANSWER_BYTES_MAX } from './image-limits.ts'
import { readImageStream } from './read-image-stream.ts'
import { takePicture } from './take-picture.ts'

/** One picture by one call, streamed when partial pictures are wanted and the model can. */
export async function drawImage(deps: UpstreamDeps, input: DrawInput): Promise<DrawnPicture> {
  const call = await imageCall(deps, input)
  const answer = await sendCall(deps, call)
  const type = one(answer.headers['content-type'])?.toLowerCase() ?? ''
  // Look-alikes answer a stream with JSON and the other way round; the type says which it is.
  if (type.startsWith('text/event-stream')) return await readImageStream(deps, { ...input, answer })
  return await readWhole(deps, { ...input, answer })
}

async function readWhole(
  deps: UpstreamDeps,
  { answer, request: asked, signal }: DrawInput & { answer: SentAnswer },
): Promise<DrawnPicture> {
  const { status } = answer
  const text = await readText(answer, { bytesMax: ANSWER_BYTES_MAX, signal })
  if (text.trim() === '') throw new UpstreamError(failureOf('answer-empty', { status }))
  const parsed = imageAnswer.safeParse(parseJson(text))
  if (!parsed.success) throw new UpstreamError(failureOf('answer-broken', { status }))
  // More pictures than were asked for are cut: one was paid for.
  const [item] = parsed.data.data
  if (!item) throw new UpstreamError(failureOf('answer-empty', { status }))
  return await takePicture(deps, { item, stated: parsed.data, asked, signal })
}
