import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { AppError } from '@sluice/kernel/app-error'
import type { ImageEventFamily } from '@sluice/protocol/images/image-events'

import type { IntakeInput, ImageIntake } from './intake.ts'
import { acceptEdit, acceptGeneration } from './intake.ts'
import type { GatewayContext } from '../gateway-context.ts'
import { holdUntilAnswered, isLargeBody } from '../intake-limits.ts'
import type { EdgeApp, EdgeContext } from '../http/request.ts'
import { answerImage } from './answer-image.ts'
import { cancelTask } from './cancel-task.ts'
import { defaultImageModel } from './default-model.ts'
import { inFlightLimit } from '../limits/in-flight-limit.ts'
import { readTask } from './read-task.ts'
import { streamTaskEvents } from './stream-task-events.ts'

/** Mounts the image routes: /v1/images/generations, /v1/images/edits and /v1/images/tasks. */
export function mountImages(app: EdgeApp, gateway: GatewayContext): void {
  const answer = imageAnswers(gateway)
  app.post('/v1/images/generations', (context) =>
    answer(context, { family: 'image_generation', accept: acceptGeneration }),
  )
  app.post('/v1/images/edits', (context) =>
    answer(context, { family: 'image_edit', accept: acceptEdit }),
  )
  app.post('/v1/images/variations', async (context) => {
    await gateway.admit(context)
    throw new AppError(
      'not_found',
      'Variations were retired with DALL·E 2. Send the picture to POST /v1/images/edits instead.',
    )
  })
  mountTasks(app, gateway)
}

function mountTasks(app: EdgeApp, gateway: GatewayContext): void {
  const noStore = { 'cache-control': 'no-store' }
  app.get('/v1/images/tasks/:id', async (context) => {
    const { principal } = await gateway.admit(context)
    const task = await readTask(gateway, {
      principal,
      taskId: context.req.param('id'),
      reader: context.env.incoming,
    })
    return context.json(task, 200, noStore)
  })
  app.delete('/v1/images/tasks/:id', async (context) => {
    const { principal } = await gateway.admit(context)
    const task = await cancelTask(gateway, {
      principal,
      taskId: context.req.param('id'),
      reader: context.env.incoming,
    })
    return context.json(task, 200, noStore)
  })
  app.get('/v1/images/tasks/:id/events', async (context) => {
    const { principal } = await gateway.admit(context)
    if (context.req.method === 'HEAD')
      throw new AppError('method_not_allowed', 'Events can be read with GET only.')
    const taskId = context.req.param('id')
    const lastEventId = context.req.header('last-event-id') ?? context.req.query('last_event_id')
    const { outgoing } = context.env
    const leave = gateway.intake.taskStreams.enter(principal.apiKeyId)
    try {
      await streamTaskEvents(gateway, { principal, taskId, lastEventId, outgoing })
    } finally {
      leave()
    }
    return RESPONSE_ALREADY_SENT
  })
}

interface ImageRoute {
  family: ImageEventFamily
  accept: (gateway: GatewayContext, input: IntakeInput) => Promise<ImageIntake>
}

/** Answers image requests, within the limit of concurrent requests. */
function imageAnswers(gateway: GatewayContext) {
  const inFlight = inFlightLimit(gateway)
  return (context: EdgeContext, { family, accept }: ImageRoute): Promise<Response> =>
    inFlight(async () => {
      const admitted = await gateway.admit(context)
      const { incoming, outgoing } = context.env
      const { principal } = admitted
      const { apiKeyId: caller } = principal
      const defaultModel = () => defaultImageModel(gateway, principal)
      const leave = gateway.intake.imageRequests.enter(caller)
      const hold = holdUntilAnswered(gateway.intake.bodies, { caller, outgoing })
      try {
        await answerImage(gateway, {
          admitted,
          incoming,
          outgoing,
          route: context.req.path,
          family,
          accept: (staging) => accept(gateway, { incoming, staging, hold, defaultModel }),
          isHeavy: isLargeBody(incoming),
          hold,
        })
      } finally {
        leave()
      }
      return RESPONSE_ALREADY_SENT
    })
}
