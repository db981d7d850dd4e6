import { withCredits } from '@sluice/contracts/control/amounts'
import type { ImageJobEvent } from '@sluice/contracts/events'
import { imageTaskEvents } from '@sluice/contracts/control/images'
import { controlRoutes } from '@sluice/contracts/control/routes'
import type { ImageJob } from '@sluice/jobs/image-job'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import { encodeSse } from '@sluice/protocol/sse'

import { taskStatuses } from '../../images/answer-with-task.ts'
import type { SseStream } from '../../images/open-sse.ts'
import { openSse } from '../../images/open-sse.ts'
import { ownTask } from '../../images/own-task.ts'
import { createAbortScope } from '../../images/abort-scope.ts'
import type { ControlCall } from '../handlers.ts'
import { watchSession } from '../watch-session.ts'
import type { CoalescingSignal } from './coalescing-signal.ts'
import { createCoalescingSignal } from './coalescing-signal.ts'
import { picturePaths } from './picture-paths.ts'
import type { ImagesContext } from './images-context.ts'
import type { Money } from './read-money.ts'
import { readMoney } from './read-money.ts'
import { showTask } from './show-task.ts'

/** At most ten readings of a task a second, however much happens to it. */
const READ_EVERY_MS = 100
/** What no event tells: the place in line, and that a further picture was begun. */
const LOOK_EVERY_MS = 2_000
/** Billing settles an ended job within moments; a reader waits for it so long. */
const SETTLED_WITHIN_MS = 5_000
const SETTLED_LOOK_MS_MIN = 100
/** An EventSource brings it back when it reconnects; 204 then ends it. */
const END_ID = 'end'

/**
 * `GET /api/user/images/{id}/events`: the whole task at once and after every change, then `end`. Stops when
 * the caller leaves, when this process stops, and within a second of the end of their session. Throws
 * `task_not_found`, `rate_limit_exceeded` for who has too many streams open, `overloaded`.
 */
export async function followImage(
  context: ImagesContext,
  call: ControlCall<'followImage'>,
): Promise<void> {
  const { session, params, incoming, outgoing } = call
  if (incoming.method === 'HEAD')
    throw new AppError('method_not_allowed', 'Events can be read with GET only.')
  const job = await ownTask(context.gateway.deps, { principal: session, taskId: params.id })
  const heardAll = job.endedAt !== null && incoming.headers['last-event-id'] === END_ID
  if (heardAll) return void outgoing.writeHead(204).end()
  const leave = context.streams.enter(session.userId)
  try {
    await streamTask(context, { ...call, job })
  } finally {
    leave()
  }
}

type Ends = Pick<ControlCall<'followImage'>, 'incoming' | 'outgoing'>

async function streamTask(
  context: ImagesContext,
  { job, incoming, outgoing }: Ends & { job: ImageJob },
): Promise<void> {
  const { gateway, identity } = context
  const { deps } = gateway
  const abortScope = createAbortScope(deps, outgoing)
  const { headers } = incoming
  const { access: permission } = controlRoutes.followImage
  const status = watchSession({ ...deps, identity }, { headers, permission })
  const signal = AbortSignal.any([abortScope.signal, status.signal, gateway.draining])
  const afterSeq = job.lastSeq
  const bell = createCoalescingSignal(signal)
  const line = listen(gateway.jobHub.watch({ jobId: job.id, afterSeq, signal }), bell)
  const stopLooking = deps.clock.every(LOOK_EVERY_MS, () => bell.ring())
  outgoing.setHeader('x-content-type-options', 'nosniff')
  const sse = openSse(deps, outgoing)
  try {
    await tellTask(context, { job, sse, bell, line, signal })
  } catch (err) {
    if (!signal.aborted && !isAppError(err, 'caller_gone'))
      deps.log.warn({ err, jobId: job.id }, 'a task was not followed to its end')
  } finally {
    stopLooking()
    status.stop()
    abortScope.end()
    sse.end()
  }
}

interface Line {
  /** True when nothing more will be heard. */
  over: boolean
}

/** Rings at every event of the job, and at the last. */
function listen(events: AsyncIterable<ImageJobEvent>, bell: CoalescingSignal): Line {
  const line = { over: false }
  const hear = async () => {
    for await (const _event of events) bell.ring()
  }
  void hear().finally(() => {
    line.over = true
    bell.ring()
  })
  return line
}

interface Telling {
  job: ImageJob
  sse: SseStream
  bell: CoalescingSignal
  line: Line
  signal: AbortSignal
}

/** Resolves when all was told, or when this process stops. */
async function tellTask({ gateway }: ImagesContext, telling: Telling): Promise<void> {
  const { deps } = gateway
  const { sse, bell, line, signal } = telling
  const tell = await taskTeller(deps, telling)
  for (let { job } = telling; ;) {
    await tell(job)
    if (job.endedAt !== null) {
      await tellSettled(deps, { ...telling, job, tell })
      const data = JSON.stringify({ state: taskStatuses[job.state] })
      return sse.send([{ text: encodeSse({ event: 'end', id: END_ID, data }) }])
    }
    // Read before the job is: what was said last is in the row.
    const isOver = line.over
    await deps.clock.sleep(READ_EVERY_MS, signal)
    if (!isOver) await bell.heard()
    job = (await deps.jobs.read(job.id)) ?? job
    if (isOver && job.endedAt === null) return
  }
}

type Deps = ImagesContext['gateway']['deps']
type Tell = (job: ImageJob, money?: Money) => Promise<void>

/** Sends the task when it is not as it was when it was sent last. Links stay the same in one stream. */
async function taskTeller(deps: Deps, { job: first, sse }: Telling): Promise<Tell> {
  const pathOf = picturePaths(deps)
  const [owners, begun] = await Promise.all([
    deps.keyOwners.findOwners([first.apiKeyId]),
    readMoney(deps, first),
  ])
  const owner = owners.get(first.apiKeyId)
  let told = ''
  return async (job, money = begun) => {
    const position = job.state === 'queued' ? await deps.jobs.queuePosition(job.id) : undefined
    const task = { ...showTask(job, { pathOf, withPartials: true, position, owner }), ...money }
    const data = JSON.stringify(withCredits(imageTaskEvents.task.encode(task)))
    if (data === told) return
    told = data
    await sse.send([{ text: encodeSse({ event: 'task', data }) }])
  }
}

/** The job has ended; what it cost follows. */
async function tellSettled(
  deps: Deps,
  { job, tell, signal }: Telling & { tell: Tell },
): Promise<void> {
  const untilMs = deps.clock.monotonicMs() + SETTLED_WITHIN_MS
  for (let lookMs = SETTLED_LOOK_MS_MIN; ; lookMs *= 2) {
    const money = await readMoney(deps, job)
    if (money.charged_micro !== null || deps.clock.monotonicMs() >= untilMs) {
      return tell(job, money)
    }
    await deps.clock.sleep(lookMs, signal)
  }
}
