import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { AppError } from '@sluice/kernel/app-error'

import { acceptEdit, acceptGeneration } from '../accept/images-intake.ts'
import type { Door } from '../door.ts'
import type { EdgeApp } from '../request.ts'
import { answerImage } from './answer-image.ts'
import { cancelTask } from './cancel-task.ts'
import { readTask } from './read-task.ts'
import { streamTaskEvents } from './stream-task-events.ts'

/** Mounts the image routes: /v1/images/generations, /v1/images/edits and /v1/images/tasks. */
export function mountImages(app: EdgeApp, door: Door): void {
  app.post('/v1/images/generations', async (context) => {
    const admitted = await door.admit(context)
    const { incoming, outgoing } = context.env
    await answerImage(door, {
      admitted,
      incoming,
      outgoing,
      route: '/v1/images/generations',
      family: 'image_generation',
      accept: () => acceptGeneration(door, { incoming }),
    })
    return RESPONSE_ALREADY_SENT
  })

  app.post('/v1/images/edits', async (context) => {
    const admitted = await door.admit(context)
    const { incoming, outgoing } = context.env
    await answerImage(door, {
      admitted,
      incoming,
      outgoing,
      route: '/v1/images/edits',
      family: 'image_edit',
      accept: (shelf) => acceptEdit(door, { incoming, shelf }),
    })
    return RESPONSE_ALREADY_SENT
  })

  app.post('/v1/images/variations', async (context) => {
    await door.admit(context)
    throw new AppError(
      'not_found',
      'Variations were retired with DALL·E 2. Send the picture to POST /v1/images/edits instead.',
    )
  })

  app.get('/v1/images/tasks/:id', async (context) => {
    const { principal } = await door.admit(context)
    await readTask(door, { principal, taskId: context.req.param('id'), ...context.env })
    return RESPONSE_ALREADY_SENT
  })

  app.delete('/v1/images/tasks/:id', async (context) => {
    const { principal } = await door.admit(context)
    await cancelTask(door, { principal, taskId: context.req.param('id'), ...context.env })
    return RESPONSE_ALREADY_SENT
  })

  app.get('/v1/images/tasks/:id/events', async (context) => {
    const { principal } = await door.admit(context)
    const lastEventId =
      context.req.header('last-event-id') ?? context.req.query('last_event_id') ?? undefined
    await streamTaskEvents(door, {
      principal,
      taskId: context.req.param('id'),
      lastEventId,
      ...context.env,
    })
    return RESPONSE_ALREADY_SENT
  })
}
