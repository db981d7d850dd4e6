import type { ServerResponse } from 'node:http'

import type { ImageJob, JobFailure } from '@sluice/jobs/image-job'
import { isAppError } from '@sluice/kernel/app-error'
import { invalid } from '@sluice/protocol/images/field-reader'
import { positionEvent, taskEvent } from '@sluice/protocol/images/task-events'

import type { GatewayContext } from '../gateway-context.ts'
import { signedLinks } from './image-links.ts'
import { errorOfFailure } from './job-end.ts'
import type { SseStream } from '../http/open-sse.ts'
import { openSse } from '../http/open-sse.ts'
import { errorObject, ownTask } from './own-task.ts'
import type { TaskRequest } from './read-task.ts'
import { createAbortScope } from '../http/abort-scope.ts'

/** How often the queue position is sent to a waiting caller. */
const POSITION_EVERY_MS = 5_000

/**
 * `GET /v1/images/tasks/{id}/events`: the numbered events of a task, from the one after `Last-Event-ID`. A
 * client that has received all events of an ended task gets 204, which stops an EventSource from
 * reconnecting.
 */
export async function streamTaskEvents(
  gateway: GatewayContext,
  request: Omit<TaskRequest, 'reader'> & {
    lastEventId: string | undefined
    outgoing: ServerResponse
  },
): Promise<void> {
  const { deps, jobHub } = gateway
  const { outgoing, lastEventId } = request
  const afterSeq = readLastEventId(lastEventId)
  const job = await ownTask(deps, request)
  if (await hasReceivedAll(gateway, { job, afterSeq })) return void outgoing.writeHead(204).end()

  const abortScope = createAbortScope(deps, outgoing)
  const events = jobHub.watch({ jobId: job.id, afterSeq, signal: abortScope.signal })
  const sse = openSse(deps, outgoing)
  const stopPositions =
    job.state === 'queued' ? sendPositions(gateway, { job, sse }) : () => undefined
  const linkOf = signedLinks(deps, { jobId: job.id, reader: outgoing.req })
  try {
    for await (const event of events) {
      const { fact } = event
      if (fact.type !== 'queued') stopPositions()
      const hasPartial =
        fact.type === 'partial' && (await deps.blobs.stat(fact.blobKey)) !== undefined
      await sse.send(taskEvent(event, { linkOf, errorOf, hasPartial }))
    }
  } catch (err) {
    // Clients reconnect with the id of the last event.
    if (!isAppError(err, 'caller_gone'))
      deps.log.warn({ err, jobId: job.id }, 'event stream was cut off')
  } finally {
    stopPositions()
    abortScope.end()
    sse.end()
  }
}

function readLastEventId(text: string | undefined): number {
  if (text === undefined || text === '') return 0
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw invalid('Last-Event-ID', 'must be the number of an event')
}

async function hasReceivedAll(
  { deps }: GatewayContext,
  { job, afterSeq }: { job: ImageJob; afterSeq: number },
): Promise<boolean> {
  if (afterSeq === 0 || job.endedAt === null) return false
  const more = await deps.jobs.readEvents({ jobId: job.id, afterSeq, limit: 1 })
  return more.length === 0
}

/** Sends the queue position, now and whenever it has changed, until stopped. */
function sendPositions(
  { deps: { jobs, clock, log } }: GatewayContext,
  { job, sse }: { job: ImageJob; sse: SseStream },
): () => void {
  let sent: number | undefined
  let stopped = false
  const send = async () => {
    const position = await jobs.queuePosition(job.id)
    if (stopped || position === undefined || position === sent) return
    sent = position
    await sse.send(positionEvent({ taskId: job.id, position }))
  }
  const poll = () =>
    void send().catch((err: unknown) => log.debug({ err, jobId: job.id }, 'position not sent'))
  poll()
  const cancel = clock.every(POSITION_EVERY_MS, poll)
  return () => {
    stopped = true
    cancel()
  }
}

const errorOf = (failure: JobFailure) => errorObject(errorOfFailure(failure))
