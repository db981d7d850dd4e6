import type { ImageIntake } from '../../images/intake.ts'
import { runAnswered } from '../../images/answer-image.ts'
import type { UploadStaging } from '../../images/upload-staging.ts'
import type { ImageRun, RunningImage } from '../../images/run-image.ts'
import type { ControlCall } from '../handlers.ts'
import { describeTask } from './describe-task.ts'
import type { ImagesContext } from './images-context.ts'
import type { TaskDetailDto } from './task-dto.ts'

/** The route of panel generations in the request log and in idempotency scopes. */
const PANEL_ROUTE = '/api/user/images'

interface PanelGeneration extends Pick<ImageRun, 'isHeavy' | 'hold'> {
  call: ControlCall<'createImages'> | ControlCall<'retryImage'>
  /** Headers that may contain an Idempotency-Key. */
  incoming: ImageRun['incoming']
  accept: (staging: UploadStaging) => Promise<ImageIntake>
}

/**
 * Submits an image job for a signed-in user with the same checks, hold and log as /v1/images. Returns the
 * task as soon as it is written, or the existing task of the same Idempotency-Key.
 */
export async function generateForPanel(
  { gateway, panelPrincipal, inFlight }: ImagesContext,
  { call, incoming, accept, ...body }: PanelGeneration,
): Promise<TaskDetailDto> {
  const { session, requestId, receivedAtMs, outgoing } = call
  const { job, hold, created } = await inFlight(async () => {
    const principal = await panelPrincipal(session)
    const admitted = { requestId, principal, receivedAtMs }
    let submitted: RunningImage | undefined
    await runAnswered(gateway, {
      admitted,
      incoming,
      outgoing,
      route: PANEL_ROUTE,
      accept,
      ...body,
      answer: async (_gateway, { running }) => {
        submitted = running
        return undefined
      },
    })
    if (!submitted) throw new Error('a run without a task throws')
    return submitted
  })
  const money = created && hold ? { held_micro: hold.amountMicro, charged_micro: null } : undefined
  return describeTask(gateway, money ? { job, money } : { job })
}
