import { isAppError } from '@sluice/kernel/app-error'
import { unreachable } from '@sluice/kernel/assert'
import type { ImageEventFamily } from '@sluice/protocol/images/image-events'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { Door } from '../door.ts'
import { answerWithPictures } from './answer-with-pictures.ts'
import { answerWithTask } from './answer-with-task.ts'
import type { JobEnd } from './job-end.ts'
import { failureError } from './job-end.ts'
import type { Patience } from './patience.ts'
import { callersPatience, stillDrawing } from './patience.ts'
import { recordImage } from './record-image.ts'
import type { ImageTurn, RunningImage } from './run-image.ts'
import { runImage } from './run-image.ts'
import { streamJob } from './stream-job.ts'
import { waitForEnd } from './wait-for-end.ts'
import { waitForImagesMs } from './wait-for-upstream.ts'

/** Names the task in every answer, so that whoever loses the answer can find it. */
export const TASK_HEADER = 'x-sluice-task-id'

export interface ImageAnswerRequest extends Omit<ImageTurn, 'signal'> {
  family: ImageEventFamily
}

/**
 * Answers an image request in the face that it asks for. The caller may leave at any time: the job goes
 * on. Throws as long as nothing was written; later failures are told in the answer, or cut it.
 */
export function answerImage(door: Door, request: ImageAnswerRequest): Promise<void> {
  return runAnswered(door, { ...request, answer: answerInFace })
}

/** Writes the answer of a running job, and says how the job ended when it waited for that. */
export type WriteAnswer<Request> = (
  door: Door,
  input: { request: Request; running: RunningImage; patience: Patience },
) => Promise<JobEnd | undefined>

/** What every way to a picture shares: the caller's patience, the task's name, and the request log. */
export async function runAnswered<Request extends Omit<ImageTurn, 'signal'>>(
  door: Door,
  request: Request & { answer: WriteAnswer<Request> },
): Promise<void> {
  const { outgoing, answer } = request
  const patience = callersPatience(door.deps, outgoing)
  let running: RunningImage | undefined
  let end: JobEnd | undefined
  let error: unknown
  try {
    running = await runImage(door, { ...request, signal: patience.signal })
    outgoing.setHeader(TASK_HEADER, running.job.id)
    end = await answer(door, { request, running, patience })
  } catch (thrown) {
    error = thrown
    if (!outgoing.headersSent) throw thrown
    if (!isAppError(thrown, 'caller_gone'))
      door.deps.log.warn({ err: thrown, jobId: running?.job.id }, 'answer was cut')
  } finally {
    patience.end()
    recordImage(door, { ...request, running, end, error })
  }
}

const answerInFace: WriteAnswer<ImageAnswerRequest> = (door, input) => {
  const { face } = input.running.call
  switch (face) {
    case 'await':
      return answerAwaited(door, input)
    case 'stream':
      return answerStreamed(door, input)
    case 'async':
      return answerAsync(door, input)
    default:
      return unreachable(face)
  }
}

const answerAsync: WriteAnswer<ImageAnswerRequest> = async (_door, { request, running }) => {
  crashPoint('edge-before-answer')
  answerWithTask(request.outgoing, running.job)
  return undefined
}

const answerAwaited: WriteAnswer<ImageAnswerRequest> = async (door, input) => {
  const { job, call } = input.running
  const { outgoing, admitted } = input.request
  const end = await waitForEnd(door.deps, { ...input, admitted })
  crashPoint('edge-before-answer')
  if (end.state !== 'done') {
    throw failureError(end, job.id, waitForImagesMs(door, call.request.model))
  }
  const { id: taskId, createdAt } = job
  await answerWithPictures(door.deps, { outgoing, taskId, createdAt, call, end })
  return end
}

const answerStreamed: WriteAnswer<ImageAnswerRequest> = (door, { request, running, patience }) => {
  const { job, call, events } = running
  const { outgoing, family } = request
  crashPoint('edge-before-answer')
  patience.limit(door.deps.config.streamMsMax, stillDrawing(job.id))
  const { signal } = patience
  return streamJob(door.deps, { outgoing, taskId: job.id, call, family, events, signal })
}
