import { isAppError } from '@sluice/kernel/app-error'
import { unreachable } from '@sluice/kernel/assert'
import type { ImageEventFamily } from '@sluice/protocol/images/image-events'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { GatewayContext } from '../gateway-context.ts'
import { answerWithPictures } from './answer-with-pictures.ts'
import { answerWithTask } from './answer-with-task.ts'
import type { JobEnd } from './job-end.ts'
import { failureError } from './job-end.ts'
import type { AbortScope } from '../http/abort-scope.ts'
import { createAbortScope, stillGenerating } from '../http/abort-scope.ts'
import { recordImage } from './record-image.ts'
import type { ImageRun, RunningImage } from './run-image.ts'
import { runImage } from './run-image.ts'
import { streamJob } from './stream-job.ts'
import { waitForEnd } from './wait-for-end.ts'
import { waitForImagesMs } from './wait-for-upstream.ts'

/** Response header with the task id, so that a caller that loses the response can still find the task. */
export const TASK_HEADER = 'x-sluice-task-id'

export interface ImageAnswerRequest extends Omit<ImageRun, 'signal'> {
  family: ImageEventFamily
}

/**
 * Answers an image request in the response mode it requests. The caller may disconnect at any time: the job
 * continues. Throws as long as nothing was written; later failures are reported in the response, or cut it.
 */
export function answerImage(gateway: GatewayContext, request: ImageAnswerRequest): Promise<void> {
  return runAnswered(gateway, { ...request, answer: answerInResponseMode })
}

/** Writes the response for a running job. Resolves with the job's end if it waited for that. */
export type WriteAnswer<Request> = (
  gateway: GatewayContext,
  input: { request: Request; running: RunningImage; abortScope: AbortScope },
) => Promise<JobEnd | undefined>

/** Shared by all image routes: the abort scope, the task header, and the request log. */
export async function runAnswered<Request extends Omit<ImageRun, 'signal'>>(
  gateway: GatewayContext,
  request: Request & { answer: WriteAnswer<Request> },
): Promise<void> {
  const { outgoing, answer } = request
  const abortScope = createAbortScope(gateway.deps, outgoing)
  let running: RunningImage | undefined
  let end: JobEnd | undefined
  let error: unknown
  try {
    running = await runImage(gateway, { ...request, signal: abortScope.signal })
    outgoing.setHeader(TASK_HEADER, running.job.id)
    end = await answer(gateway, { request, running, abortScope })
  } catch (thrown) {
    error = thrown
    if (!outgoing.headersSent) throw thrown
    if (!isAppError(thrown, 'caller_gone'))
      gateway.deps.log.warn({ err: thrown, jobId: running?.job.id }, 'response was cut off')
  } finally {
    abortScope.end()
    recordImage(gateway, { ...request, running, end, error })
  }
}

const answerInResponseMode: WriteAnswer<ImageAnswerRequest> = (gateway, input) => {
  const { responseMode } = input.running.call
  switch (responseMode) {
    case 'await':
      return answerAwaited(gateway, input)
    case 'stream':
      return answerStreamed(gateway, input)
    case 'async':
      return answerAsync(gateway, input)
    default:
      return unreachable(responseMode)
  }
}

const answerAsync: WriteAnswer<ImageAnswerRequest> = async (_gateway, { request, running }) => {
  crashPoint('edge-before-answer')
  answerWithTask(request.outgoing, running.job)
  return undefined
}

const answerAwaited: WriteAnswer<ImageAnswerRequest> = async (gateway, input) => {
  const { job, call } = input.running
  const { outgoing, admitted } = input.request
  const end = await waitForEnd(gateway.deps, { ...input, admitted })
  crashPoint('edge-before-answer')
  if (end.state !== 'done') {
    throw failureError(end, job.id, waitForImagesMs(gateway, call.request.model))
  }
  const { id: taskId, createdAt } = job
  await answerWithPictures(gateway.deps, { outgoing, taskId, createdAt, call, end })
  return end
}

const answerStreamed: WriteAnswer<ImageAnswerRequest> = (
  gateway,
  { request, running, abortScope },
) => {
  const { job, call, events } = running
  const { outgoing, family } = request
  crashPoint('edge-before-answer')
  abortScope.limit(gateway.deps.config.streamMsMax, stillGenerating(job.id))
  const { signal } = abortScope
  return streamJob(gateway.deps, { outgoing, taskId: job.id, call, family, events, signal })
}
