import { withCredits } from '@sluice/contracts/control/amounts'
import type { ImageJobEvent } from '@sluice/contracts/events'
import { imageTaskEvents } from '@sluice/contracts/control/images'
import { controlRoutes } from '@sluice/contracts/control/routes'
import type { ImageJob } from '@sluice/jobs/image-job'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import { encodeSse } from '@sluice/protocol/sse'

import { taskStatuses } from '../../images/answer-with-task.ts'
import type { SseStream } from '../../http/open-sse.ts'
import { openSse } from '../../http/open-sse.ts'
import { ownTask } from '../../images/own-task.ts'
import { createAbortScope } from '../../http/abort-scope.ts'
import type { ControlCall } from '../handlers.ts'
import { watchSession } from '../watch-session.ts'
import type { CoalescingSignal } from './coalescing-signal.ts'
import { createCoalescingSignal } from './coalescing-signal.ts'
import { picturePaths } from './picture-paths.ts'
import type { ImagesContext } from './images-context.ts'
import type { Money } from './read-money.ts'
import { readMoney } from './read-money.ts'
import { toTaskDto } from './task-dto.ts'

/** The minimum interval between reads of a task, however many events it has. */
const READ_EVERY_MS = 100
/** Changes without an event: the queue position, and the start of the next picture. */
const POLL_EVERY_MS = 2_000
/** How long the stream waits for billing to settle an ended job. */
const SETTLED_WITHIN_MS = 5_000
const SETTLED_POLL_MS_MIN = 100
/** An EventSource sends it back when it reconnects; 204 then stops it. */
const END_ID = 'end'

/**
 * `GET /api/user/images/{id}/events`: the whole task at once and after every change, then `end`. Stops when
 * the caller disconnects, when this process stops, and within a second after the session ends. Throws
 * `task_not_found`, `rate_limit_exceeded` for a user with too many open streams, `overloaded`.
 */
export async function followImage(
  context: ImagesContext,
  call: ControlCall<'followImage'>,
): Promise<void> {
  const { session, params, incoming, outgoing } = call
  if (incoming.method === 'HEAD')
    throw new AppError('method_not_allowed', 'Events can be read with GET only.')
  const job = await ownTask(context.gateway.deps, { principal: session, taskId: params.id })
  const isComplete = job.endedAt !== null && incoming.headers['last-event-id'] === END_ID
  if (isComplete) return void outgoing.writeHead(204).end()
  const leave = context.streams.enter(session.userId)
  try {
    await streamTask(context, { ...call, job })
  } finally {
    leave()
  }
}

type Connection = Pick<ControlCall<'followImage'>, 'incoming' | 'outgoing'>

async function streamTask(
  context: ImagesContext,
  { job, incoming, outgoing }: Connection & { job: ImageJob },
): Promise<void> {
  const { gateway, identity } = context
  const { deps } = gateway
  const abortScope = createAbortScope(deps, outgoing)
  const { headers } = incoming
  const { access: permission } = controlRoutes.followImage
  const watch = watchSession({ ...deps, identity }, { headers, permission })
  const signal = AbortSignal.any([abortScope.signal, watch.signal, gateway.draining])
  const afterSeq = job.lastSeq
  const changes = createCoalescingSignal(signal)
  const feed = subscribe(gateway.jobHub.watch({ jobId: job.id, afterSeq, signal }), changes)
  const stopPolling = deps.clock.every(POLL_EVERY_MS, () => changes.notify())
  outgoing.setHeader('x-content-type-options', 'nosniff')
  const sse = openSse(deps, outgoing)
  try {
    await sendUpdates(context, { job, sse, changes, feed, signal })
  } catch (err) {
    if (!signal.aborted && !isAppError(err, 'caller_gone'))
      deps.log.warn({ err, jobId: job.id }, 'task stream was cut off')
  } finally {
    stopPolling()
    watch.stop()
    abortScope.end()
    sse.end()
  }
}

interface Feed {
  /** True when no more events will arrive. */
  ended: boolean
}

/** Notifies `changes` at every event of the job, and at the end of the events. */
function subscribe(events: AsyncIterable<ImageJobEvent>, changes: CoalescingSignal): Feed {
  const feed = { ended: false }
  const read = async () => {
    for await (const _event of events) changes.notify()
  }
  void read().finally(() => {
    feed.ended = true
    changes.notify()
  })
  return feed
}

interface TaskStream {
  job: ImageJob
  sse: SseStream
  changes: CoalescingSignal
  feed: Feed
  signal: AbortSignal
}

/** Resolves when the end was sent, or when this process stops. */
async function sendUpdates({ gateway }: ImagesContext, stream: TaskStream): Promise<void> {
  const { deps } = gateway
  const { sse, changes, feed, signal } = stream
  const send = await createTaskSender(deps, stream)
  for (let { job } = stream; ;) {
    await send(job)
    if (job.endedAt !== null) {
      await sendSettled(deps, { ...stream, job, send })
      const data = JSON.stringify({ state: taskStatuses[job.state] })
      return sse.send([{ text: encodeSse({ event: 'end', id: END_ID, data }) }])
    }
    // Read before the job is, so that the row includes the last event.
    const hasEnded = feed.ended
    await deps.clock.sleep(READ_EVERY_MS, signal)
    if (!hasEnded) await changes.wait()
    job = (await deps.jobs.read(job.id)) ?? job
    if (hasEnded && job.endedAt === null) return
  }
}

type Deps = ImagesContext['gateway']['deps']
type SendTask = (job: ImageJob, money?: Money) => Promise<void>

/** Sends the task if it differs from the last one sent. Links stay the same within one stream. */
async function createTaskSender(deps: Deps, { job: first, sse }: TaskStream): Promise<SendTask> {
  const pathOf = picturePaths(deps)
  const [owners, initial] = await Promise.all([
    deps.keyOwners.findOwners([first.apiKeyId]),
    readMoney(deps, first),
  ])
  const owner = owners.get(first.apiKeyId)
  let sent = ''
  return async (job, money = initial) => {
    const position = job.state === 'queued' ? await deps.jobs.queuePosition(job.id) : undefined
    const task = { ...toTaskDto(job, { pathOf, withPartials: true, position, owner }), ...money }
    const data = JSON.stringify(withCredits(imageTaskEvents.task.encode(task)))
    if (data === sent) return
    sent = data
    await sse.send([{ text: encodeSse({ event: 'task', data }) }])
  }
}

/** Sends the task once more when its charge is known. */
async function sendSettled(
  deps: Deps,
  { job, send, signal }: TaskStream & { send: SendTask },
): Promise<void> {
  const untilMs = deps.clock.monotonicMs() + SETTLED_WITHIN_MS
  for (let pollMs = SETTLED_POLL_MS_MIN; ; pollMs *= 2) {
    const money = await readMoney(deps, job)
    if (money.charged_micro !== null || deps.clock.monotonicMs() >= untilMs) {
      return send(job, money)
    }
    await deps.clock.sleep(pollMs, signal)
  }
}
