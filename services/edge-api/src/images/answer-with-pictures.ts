import type { ServerResponse } from 'node:http'

import type { ImageCall } from '@sluice/protocol/images/parse-image-call'
import { imageAnswer } from '@sluice/protocol/images/image-answer'
import { AppError } from '@sluice/kernel/app-error'

import type { EdgeDeps } from '../deps.ts'
import { signedLinks } from './image-links.ts'
import type { JobEnd } from './job-end.ts'
import { lengthOfPieces, writePieces } from '../http/write-pieces.ts'

/**
 * Answers with the pictures of a job that succeeded: JSON with a known content length, streamed with
 * backpressure, so that no whole picture is held in memory.
 */
export async function answerWithPictures(
  deps: EdgeDeps,
  {
    outgoing,
    taskId,
    createdAt,
    call,
    end,
  }: {
    outgoing: ServerResponse
    taskId: string
    createdAt: Date
    call: ImageCall
    end: JobEnd
  },
): Promise<void> {
  const { parts, missed } = end
  const pieces = imageAnswer({
    taskId,
    createdAt,
    requested: call.request.count,
    parts,
    missed,
    responseFormat: call.responseFormat ?? deps.config.imageAnswer,
    linkOf: signedLinks(deps, { jobId: taskId, reader: outgoing.req }),
    safetyIdentifier: call.request.safetyIdentifier,
  })
  const sizes = new Map(parts.map(({ blobKey, bytes }) => [blobKey, bytes]))
  // As long as nothing was written, a missing picture can still be reported by a status code.
  for (const piece of pieces)
    if ('base64Of' in piece && !(await deps.blobs.stat(piece.base64Of)))
      throw new AppError('internal_error', 'A stored picture is missing.', { retryable: false })
  outgoing.writeHead(200, {
    'content-type': 'application/json',
    'content-length': lengthOfPieces(pieces, (key) => sizes.get(key) ?? 0),
    'cache-control': 'no-store',
  })
  try {
    await writePieces({ blobs: deps.blobs, outgoing }, pieces)
    outgoing.end()
  } catch (error) {
    // Shorter than its Content-Length: clients detect the truncation.
    outgoing.destroy()
    throw error
  }
}
