import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { AppError } from '@sluice/kernel/app-error'
import type { ImageEventFamily } from '@sluice/protocol/images/image-events'

import type { IntakeInput, ImageIntake } from '../accept/images-intake.ts'
import { acceptEdit, acceptGeneration } from '../accept/images-intake.ts'
import type { Door } from '../door.ts'
import { holdUntilAnswered, isLargeBody } from '../intake-limits.ts'
import type { EdgeApp, EdgeContext } from '../request.ts'
import { answerImage } from './answer-image.ts'
import { cancelTask } from './cancel-task.ts'
import { defaultImageModel } from './default-model.ts'
import { inFlightLimit } from './in-flight-limit.ts'
import { readTask } from './read-task.ts'
import { streamTaskEvents } from './stream-task-events.ts'

/** Mounts the image routes: /v1/images/generations, /v1/images/edits and /v1/images/tasks. */
export function mountImages(app: EdgeApp, door: Door): void {
  const answer = imageAnswers(door)
  app.post('/v1/images/generations', (context) =>
    answer(context, { family: 'image_generation', accept: acceptGeneration }),
  )
  app.post('/v1/images/edits', (context) =>
    answer(context, { family: 'image_edit', accept: acceptEdit }),
  )
  app.post('/v1/images/variations', async (context) => {
    await door.admit(context)
    throw new AppError(
      'not_found',
      'Variations were retired with DALL·E 2. Send the picture to POST /v1/images/edits instead.',
    )
  })
  mountTasks(app, door)
}

function mountTasks(app: EdgeApp, door: Door): void {
  const noStore = { 'cache-control': 'no-store' }
  app.get('/v1/images/tasks/:id', async (context) => {
    const { principal } = await door.admit(context)
    const task = await readTask(door, {
      principal,
      taskId: context.req.param('id'),
      reader: context.env.incoming,
    })
    return context.json(task, 200, noStore)
  })
  app.delete('/v1/images/tasks/:id', async (context) => {
    const { principal } = await door.admit(context)
    const task = await cancelTask(door, {
      principal,
      taskId: context.req.param('id'),
      reader: context.env.incoming,
    })
    return context.json(task, 200, noStore)
  })
  app.get('/v1/images/tasks/:id/events', async (context) => {
    const { principal } = await door.admit(context)
    if (context.req.method === 'HEAD')
      throw new AppError('method_not_allowed', 'Events can be read with GET only.')
    const taskId = context.req.param('id')
    const lastEventId = context.req.header('last-event-id') ?? context.req.query('last_event_id')
    const { outgoing } = context.env
    const leave = door.intake.taskStreams.enter(principal.apiKeyId)
    try {
      await streamTaskEvents(door, { principal, taskId, lastEventId, outgoing })
    } finally {
      leave()
    }
    return RESPONSE_ALREADY_SENT
  })
}

interface ImageRoute {
  family: ImageEventFamily
  accept: (door: Door, input: IntakeInput) => Promise<ImageIntake>
}

/** Answers image requests, so many at once as this process bears. */
function imageAnswers(door: Door) {
  const inFlight = inFlightLimit(door)
  return (context: EdgeContext, { family, accept }: ImageRoute): Promise<Response> =>
    inFlight(async () => {
      const admitted = await door.admit(context)
      const { incoming, outgoing } = context.env
      const { principal } = admitted
      const { apiKeyId: caller } = principal
      const defaultModel = () => defaultImageModel(door, principal)
      const leave = door.intake.imageRequests.enter(caller)
      const hold = holdUntilAnswered(door.intake.bodies, { caller, outgoing })
      try {
        await answerImage(door, {
          admitted,
          incoming,
          outgoing,
          route: context.req.path,
          family,
          accept: (shelf) => accept(door, { incoming, shelf, hold, defaultModel }),
          isHeavy: isLargeBody(incoming),
          hold,
        })
      } finally {
        leave()
      }
      return RESPONSE_ALREADY_SENT
    })
}
