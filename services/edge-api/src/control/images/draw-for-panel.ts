import type { ImageIntake } from '../../accept/images-intake.ts'
import { runAnswered } from '../../images/answer-image.ts'
import type { InputShelf } from '../../images/input-shelf.ts'
import type { ImageTurn, RunningImage } from '../../images/run-image.ts'
import type { ControlCall } from '../handlers.ts'
import { describeTask } from './describe-task.ts'
import type { ImageParts } from './image-parts.ts'
import type { ShownTaskDetail } from './show-task.ts'

/** What the request log and the Idempotency-Keys of the panel know this door by. */
const PANEL_ROUTE = '/api/user/images'

interface PanelDrawing extends Pick<ImageTurn, 'isHeavy' | 'hold'> {
  call: ControlCall<'createImages'> | ControlCall<'retryImage'>
  /** Where an Idempotency-Key may stand. */
  incoming: ImageTurn['incoming']
  accept: (shelf: InputShelf) => Promise<ImageIntake>
}

/**
 * Submits an image job for a signed-in person, by the path of /v1/images: the same checks, hold and log.
 * Answers the task as soon as it is written, or that of the same Idempotency-Key.
 */
export async function drawForPanel(
  { door, panelPrincipal, inFlight }: ImageParts,
  { call, incoming, accept, ...body }: PanelDrawing,
): Promise<ShownTaskDetail> {
  const { session, requestId, receivedAtMs, outgoing } = call
  const { job, hold, fresh } = await inFlight(async () => {
    const principal = await panelPrincipal(session)
    const admitted = { requestId, principal, receivedAtMs }
    let submitted: RunningImage | undefined
    await runAnswered(door, {
      admitted,
      incoming,
      outgoing,
      route: PANEL_ROUTE,
      accept,
      ...body,
      answer: async (_door, { running }) => {
        submitted = running
        return undefined
      },
    })
    if (!submitted) throw new Error('a turn without an answer ends by an error')
    return submitted
  })
  const money = fresh && hold ? { held_micro: hold.amountMicro, charged_micro: null } : undefined
  return describeTask(door, money ? { job, money } : { job })
}
