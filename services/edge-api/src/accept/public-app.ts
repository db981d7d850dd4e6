import { AppError } from '@sluice/kernel/app-error'
import { newId } from '@sluice/kernel/ids'
import { Hono } from 'hono'

import type { Door } from '../door.ts'
import { mountImages } from '../images/mount-images.ts'
import type { EdgeApp, EdgeEnv } from '../request.ts'
import { errorResponse } from './render-error.ts'

/** The app for callers: every route of /v1 in one list. */
export function createPublicApp(door: Door): EdgeApp {
  const app: EdgeApp = new Hono<EdgeEnv>()
  mountImages(app, door)
  app.notFound((context) => {
    const { method, path } = context.req
    return errorResponse(new AppError('not_found', `Unknown route: ${method} ${path}`), context)
  })
  app.onError((error, context) => {
    const { env } = context
    env.requestId ??= newId('req', door.deps)
    env.outgoing.setHeader('x-request-id', env.requestId)
    return errorResponse(error, context)
  })
  return app
}
