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

import { acceptPictureChat } from './intake-chat.ts'
import type { GatewayContext } from '../gateway-context.ts'
import type { ChatImageRequest } from '../http/request.ts'
import type { WriteAnswer } from './answer-image.ts'
import { runAnswered } from './answer-image.ts'
import { writeJson } from './answer-with-task.ts'
import { followJob } from './follow-job.ts'
import { signedLinks } from './image-links.ts'
import { failureError } from './job-end.ts'
import { openSse } from '../http/open-sse.ts'
import { stillGenerating } from '../http/abort-scope.ts'
import type { ImageRun, RunningImage } from './run-image.ts'
import { waitForEnd } from './wait-for-end.ts'
import { waitForImagesMs } from './wait-for-upstream.ts'

/** Lists the fields of a chat request that were ignored because they do not apply to image generation. */
const IGNORED_HEADER = 'x-sluice-ignored'

type ChatImageCall = Omit<ImageRun, 'signal'> & { withUsage: boolean }

/**
 * Answers a chat completion that names an image model: runs the same job as the images routes, and returns
 * one choice with a link per picture. Throws an AppError as long as nothing was written.
 */
export function answerChatWithImage(
  gateway: GatewayContext,
  request: ChatImageRequest,
): Promise<void> {
  const { admitted, incoming, outgoing, body, stream } = request
  return runAnswered<ChatImageCall>(gateway, {
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

const writePicture: WriteAnswer<ChatImageCall> = async (gateway, input) => {
  const { running, request } = input
  const { job } = running
  const end = await waitForEnd(gateway.deps, { ...input, admitted: request.admitted })
  crashPoint('edge-before-answer')
  if (end.state !== 'done') {
    throw failureError(end, job.id, waitForImagesMs(gateway, running.call.request.model))
  }
  const links = linksOf(gateway, { request, running, parts: end.parts })
  const usage = chatUsageOf(end.parts)
  const body = pictureCompletion(headOf(gateway, running), { links, usage, taskId: job.id })
  writeJson(request.outgoing, { status: 200, body })
  return end
}

const streamPicture: WriteAnswer<ChatImageCall> = async (
  gateway,
  { running, request, abortScope },
) => {
  const { job, events } = running
  const head = headOf(gateway, running)
  crashPoint('edge-before-answer')
  abortScope.limit(gateway.deps.config.streamMsMax, stillGenerating(job.id))
  const sse = openSse(gateway.deps, request.outgoing)
  const send = (data: unknown) => sse.send([{ text: encodeSse({ data: JSON.stringify(data) }) }])
  try {
    const role = { role: 'assistant', content: '', refusal: null }
    await send(pictureChunk(head, { delta: role }))
    const end = await followJob({ events, signal: abortScope.signal })
    if (!end) throw stillGenerating(job.id)
    if (end.state !== 'done') throw failureError(end, job.id)
    const links = linksOf(gateway, { request, running, parts: end.parts })
    for (const [index, link] of links.entries()) {
      if (index > 0) await send(pictureChunk(head, { index, delta: role }))
      await send(pictureChunk(head, { index, delta: pictureMessage(link) }))
      await send(pictureChunk(head, { index, delta: {}, finishReason: 'stop' }))
    }
    if (request.withUsage) await send(usageChunk(head, chatUsageOf(end.parts)))
    await sse.send([{ text: SSE_DONE }])
    return end
  } catch (error) {
    // Never end the stream cleanly without a finish_reason: clients would treat it as complete.
    await send(renderError(error).envelope).catch(() => undefined)
    throw error
  } finally {
    sse.end()
  }
}

function linksOf(
  { deps }: GatewayContext,
  {
    request,
    running,
    parts,
  }: { request: ChatImageCall; running: RunningImage; parts: readonly StoredPart[] },
): string[] {
  const reader = request.outgoing.req
  return parts.map(signedLinks(deps, { jobId: running.job.id, reader }))
}

const headOf = ({ deps }: GatewayContext, { job, call }: RunningImage) => ({
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
