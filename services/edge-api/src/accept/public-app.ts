import type { ServerResponse } from 'node:http'

import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { CALLER_HEADER } from '@sluice/contracts/control/caller-header'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import { Hono } from 'hono'

import type { ChatParts } from '../chat-parts.ts'
import { mountImages } from '../images/mount-images.ts'
import type { ForwardInput } from '../relay/forward.ts'
import { forward } from '../relay/forward.ts'
import type { EdgeApp, EdgeContext, EdgeEnv } from '../request.ts'
import { mountChat } from './chat-completions.ts'
import { mountModels } from './models.ts'
import { errorResponse } from './render-error.ts'

/** The app for callers: every route of /v1 in one list, then what is passed to services behind us. */
export function createPublicApp(parts: ChatParts): EdgeApp {
  const { door } = parts
  const app: EdgeApp = new Hono<EdgeEnv>()
  mountChat(app, parts)
  mountModels(app, door)
  mountImages(app, door)
  mountForwards(app, parts)
  app.onError((error, context) => {
    const requestId = nameRequest(context, parts.newRequestId)
    if (!isAppError(error) || error.code === 'internal_error') {
      door.deps.log.error({ err: error, requestId, path: context.req.path }, 'request failed')
    }
    // The answer had begun: all that is left is not to end it as if it were whole.
    if (context.env.outgoing.headersSent) return cut(context.env.outgoing)
    return errorResponse(error, context)
  })
  return app
}

type Manners = Pick<ForwardInput, 'origin' | 'withhold' | 'say'>

function mountForwards(app: EdgeApp, parts: ChatParts): void {
  const { newRequestId, stampCaller, door } = parts
  const { config, dispatcher } = door.deps
  const { imgproxyUrl, dashboardUrl } = config
  const pass = async (context: EdgeContext, manners: Manners) => {
    const requestId = nameRequest(context, newRequestId)
    await forward({ ...context.env, dispatcher, requestId, ...manners })
    return RESPONSE_ALREADY_SENT
  }
  if (imgproxyUrl !== undefined) {
    // A link carries all the right there is; some clients attach their API key to it nevertheless.
    const withhold = ['authorization', 'x-api-key', 'cookie', CALLER_HEADER]
    const origin = originOf(imgproxyUrl)
    app.get('/p/*', (context) => pass(context, { origin, withhold }))
  }
  app.notFound((context) => {
    const { path } = context.req
    const isApi = ['/v1/', '/api/', '/p/'].some((start) => path.startsWith(start))
    if (dashboardUrl !== undefined && !isApi) {
      const say = { [CALLER_HEADER]: stampCaller(context.env.incoming) }
      return pass(context, { origin: originOf(dashboardUrl), say })
    }
    nameRequest(context, newRequestId)
    const methods = methodsOf(app, path)
    const response = errorResponse(refusalOf(context, methods), context)
    if (methods.length > 0) response.headers.set('allow', methods.join(', '))
    // What is not there today may be there tomorrow.
    response.headers.set('cache-control', 'no-store')
    return response
  })
}

function refusalOf({ req }: EdgeContext, methods: readonly string[]): AppError {
  const route = `${req.method} ${req.path.slice(0, 200)}`
  if (methods.length === 0) return new AppError('not_found', `Unknown route: ${route}`)
  return new AppError('method_not_allowed', `Not a method of this route: ${route}`)
}

/** The methods that this path has; none for a path that is not ours. */
function methodsOf(app: EdgeApp, path: string): string[] {
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
  return methods.filter((method) => app.router.match(method, path)[0].length > 0)
}

/** Gives the request its id, once, and puts it on the answer whoever writes that. */
export function nameRequest({ env }: EdgeContext, newRequestId: () => string): string {
  if (env.requestId === undefined) {
    env.requestId = newRequestId()
    if (!env.outgoing.headersSent) env.outgoing.setHeader('x-request-id', env.requestId)
  }
  return env.requestId
}

function cut(outgoing: ServerResponse): Response {
  if (!outgoing.writableEnded) outgoing.destroy()
  return RESPONSE_ALREADY_SENT
}

const originOf = (url: string) => new URL(url).origin
