import type { ServerResponse } from 'node:http'

import type { ImageJobEvent } from '@sluice/contracts/events'
import type { ImageEventFamily } from '@sluice/protocol/images/image-events'
import {
  completedImageEvent,
  missedImageEvent,
  partialImageEvent,
} from '@sluice/protocol/images/image-events'
import type { ImageCall } from '@sluice/protocol/images/parse-image-call'
import { renderError } from '@sluice/protocol/error-envelope'
import { encodeSse } from '@sluice/protocol/sse'

import type { EdgeDeps } from '../deps.ts'
import { followJob } from './follow-job.ts'
import { signedLinks } from './image-links.ts'
import type { JobEnd } from './job-end.ts'
import { failureError } from './job-end.ts'
import { openSse } from '../http/open-sse.ts'
import { stillGenerating } from '../http/abort-scope.ts'

export interface StreamJobInput {
  outgoing: ServerResponse
  taskId: string
  call: ImageCall
  family: ImageEventFamily
  events: AsyncIterable<ImageJobEvent>
  signal: AbortSignal
}

/**
 * Streams a job: partial pictures and each picture as it is stored. A failure
 * is an `error` object in the data, after which the stream ends. Resolves with the job's end; rejects
 * with the signal's reason after sending it to the client.
 */
export async function streamJob(deps: EdgeDeps, input: StreamJobInput): Promise<JobEnd> {
  const { outgoing, taskId, call, family, events, signal } = input
  const { safetyIdentifier } = call.request
  const linkOf = signedLinks(deps, { jobId: taskId, reader: outgoing.req })
  const form = call.responseFormat ?? deps.config.imageAnswer
  const context = (at: Date) => ({ family, taskId, at })
  const sse = openSse(deps, outgoing)
  const fail = (error: unknown) =>
    sse.send([{ text: encodeSse({ data: JSON.stringify(renderError(error).envelope) }) }])

  try {
    const followed = await followJob({
      events,
      signal,
      onPartial: async (partial, at) => {
        // Partial pictures are removed early: a late reader gets the complete one.
        if (!(await deps.blobs.stat(partial.blobKey))) return
        await sse.send(partialImageEvent(context(at), partial))
      },
      onStored: ({ part }, at) =>
        sse.send(completedImageEvent(context(at), { part, form, linkOf, safetyIdentifier })),
      onMissed: async (missed, at) => {
        // The failure of a single picture is reported once, as the error below.
        if (call.request.count > 1) await sse.send(missedImageEvent(context(at), missed))
      },
    })
    if (!followed) throw stillGenerating(taskId)
    if (followed.state !== 'done') await fail(failureError(followed, taskId))
    sse.end()
    return followed
  } catch (error) {
    if (outgoing.writable) await fail(error).catch(() => undefined)
    sse.end()
    throw error
  }
}
