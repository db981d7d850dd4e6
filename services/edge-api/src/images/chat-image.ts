import type { StoredPart } from '@sluice/contracts/events'
import { newId } from '@sluice/kernel/ids'
import {
  chatUsageOf,
  pictureChunk,
  pictureCompletion,
  pictureMessage,
  usageChunk,
} from '@sluice/protocol/images/chat-picture'
import { unixSeconds } from '@sluice/protocol/images/image-answer'
import { renderError } from '@sluice/protocol/error-envelope'
import { encodeSse, SSE_DONE } from '@sluice/protocol/sse'
import { crashPoint } from '@sluice/service-kit/crash-point'

import { acceptPictureChat } from '../accept/images-chat.ts'
import type { Door } from '../door.ts'
import type { ChatImageRequest } from '../request.ts'
import type { WriteAnswer } from './answer-image.ts'
import { runAnswered } from './answer-image.ts'
import { writeJson } from './answer-with-task.ts'
import { followJob } from './follow-job.ts'
import { signedLinks } from './image-links.ts'
import { failureError } from './job-end.ts'
import { openSse } from './open-sse.ts'
import { stillDrawing } from './patience.ts'
import type { ImageTurn, RunningImage } from './run-image.ts'
import { waitForEnd } from './wait-for-end.ts'
import { waitForImagesMs } from './wait-for-upstream.ts'

/** Names what of a chat request was left out, since it has no meaning for a picture. */
const IGNORED_HEADER = 'x-sluice-ignored'

type ChatTurn = Omit<ImageTurn, 'signal'> & { withUsage: boolean }

/**
 * Answers a chat completion that names an image model: the same job as on the images routes, and a
 * choice for each picture with its link. Throws an AppError as long as nothing was written.
 */
export function answerChatWithImage(door: Door, request: ChatImageRequest): Promise<void> {
  const { admitted, incoming, outgoing, body, stream } = request
  return runAnswered<ChatTurn>(door, {
    admitted,
    incoming,
    outgoing,
    route: '/v1/chat/completions',
    accept: async () => {
      const { intake, ignored } = acceptPictureChat(body)
      if (ignored.length > 0) outgoing.setHeader(IGNORED_HEADER, ignored.join(', '))
      return intake
    },
    withUsage: wantsUsage(body),
    answer: stream ? streamPicture : writePicture,
  })
}

const writePicture: WriteAnswer<ChatTurn> = async (door, input) => {
  const { running, request } = input
  const { job } = running
  const end = await waitForEnd(door.deps, { ...input, admitted: request.admitted })
  crashPoint('edge-before-answer')
  if (end.state !== 'done') {
    throw failureError(end, job.id, waitForImagesMs(door, running.call.request.model))
  }
  const links = linksOf(door, { request, running, parts: end.parts })
  const usage = chatUsageOf(end.parts)
  const body = pictureCompletion(headOf(door, running), { links, usage, taskId: job.id })
  writeJson(request.outgoing, { status: 200, body })
  return end
}

const streamPicture: WriteAnswer<ChatTurn> = async (door, { running, request, patience }) => {
  const { job, events } = running
  const head = headOf(door, running)
  crashPoint('edge-before-answer')
  patience.limit(door.deps.config.streamMsMax, stillDrawing(job.id))
  const sse = openSse(door.deps, request.outgoing)
  const send = (data: unknown) => sse.send([{ text: encodeSse({ data: JSON.stringify(data) }) }])
  try {
    const role = { role: 'assistant', content: '', refusal: null }
    await send(pictureChunk(head, { delta: role }))
    const end = await followJob({ events, signal: patience.signal })
    if (!end) throw stillDrawing(job.id)
    if (end.state !== 'done') throw failureError(end, job.id)
    const links = linksOf(door, { request, running, parts: end.parts })
    for (const [index, link] of links.entries()) {
      if (index > 0) await send(pictureChunk(head, { index, delta: role }))
      await send(pictureChunk(head, { index, delta: pictureMessage(link) }))
      await send(pictureChunk(head, { index, delta: {}, finishReason: 'stop' }))
    }
    if (request.withUsage) await send(usageChunk(head, chatUsageOf(end.parts)))
    await sse.send([{ text: SSE_DONE }])
    return end
  } catch (error) {
    // Never a clean end without a finish_reason: clients would take it for an answer (§1.10).
    await send(renderError(error).envelope).catch(() => undefined)
    throw error
  } finally {
    sse.end()
  }
}

function linksOf(
  { deps }: Door,
  {
    request,
    running,
    parts,
  }: { request: ChatTurn; running: RunningImage; parts: readonly StoredPart[] },
): string[] {
  const reader = request.outgoing.req
  return parts.map(signedLinks(deps, { jobId: running.job.id, reader }))
}

const headOf = ({ deps }: Door, { job, call }: RunningImage) => ({
  id: newId('msg', deps),
  created: unixSeconds(job.createdAt),
  model: call.request.model,
})

function wantsUsage({ stream_options: options }: Record<string, unknown>): boolean {
  return (
    typeof options === 'object' &&
    options !== null &&
    'include_usage' in options &&
    options.include_usage === true
  )
}
