import type { ServerResponse } from 'node:http'

import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { CALLER_HEADER } from '@sluice/contracts/control/caller-header'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import { createCors } from '@sluice/service-kit/http/cors'
import { Hono } from 'hono'
import { RegExpRouter } from 'hono/router/reg-exp-router'

import type { ChatContext } from './gateway/chat-context.ts'
import { mountImages } from './images/mount-images.ts'
import type { ForwardInput } from './http/forward.ts'
import { forward } from './http/forward.ts'
import type { EdgeConfig } from './config.ts'
import type { EdgeApp, EdgeContext, EdgeEnv } from './http/request.ts'
import { isApiCall, isApiPath, isControlPath, likelyPaths } from './http/api-paths.ts'
import { mountChat } from './gateway/mount-chat.ts'
import { mountModels } from './routing/mount-models.ts'
import { baseUrlFor } from './http/base-url.ts'
import { mountPublicOpenApi } from './http/public-openapi.ts'
import { errorResponse } from './http/render-error.ts'

/** The public app: the routes of /v1, then those forwarded to other services. */
export function createPublicApp(chatContext: ChatContext): EdgeApp {
  const { gateway } = chatContext
  // Hono's default SmartRouter falls back to a router three times as slow for some paths; this one never
  // does.
  const app: EdgeApp = new Hono<EdgeEnv>({ router: new RegExpRouter() })
  mountChat(app, chatContext)
  mountModels(app, gateway)
  mountPublicOpenApi(app, gateway.deps.config)
  mountImages(app, gateway)
  mountForwards(app, chatContext)
  app.onError((error, context) => {
    const requestId = assignRequestId(context, chatContext.newRequestId)
    if (!isAppError(error) || error.code === 'internal_error') {
      gateway.deps.log.error({ err: error, requestId, path: context.req.path }, 'request failed')
    }
    // The response had started: abort it, so that it does not look complete.
    if (context.env.outgoing.headersSent) return cut(context.env.outgoing)
    return errorResponse(error, context)
  })
  applyCors(app, gateway.deps.config)
  return app
}

/**
 * CORS for everything authorized by an API key or a signed link, also for responses without a route. `/api`
 * uses cookies and gets no CORS headers. Requests without an `Origin` are skipped.
 */
function applyCors(app: EdgeApp, { allowedOrigins }: EdgeConfig): void {
  const cors = createCors({ allowedOrigins })
  const { fetch } = app
  app.fetch = (request, env, executionContext) => {
    const { incoming, outgoing } = bindingsOf(env)
    if (incoming.headers.origin !== undefined || incoming.url?.startsWith('/p/')) {
      const path = pathOf(request.url)
      const answer = isApiPath(path) && !isControlPath(path) ? cors(incoming, outgoing) : undefined
      if (answer) return answer
    }
    return fetch(request, env, executionContext)
  }
}

// node-server passes Node's request and response as bindings.
const bindingsOf = (env: unknown) => env as EdgeEnv['Bindings']

function pathOf(url: string): string {
  return new URL(url).pathname
}

type ForwardPolicy = Pick<ForwardInput, 'origin' | 'withhold' | 'setHeaders' | 'body'>

function mountForwards(app: EdgeApp, chatContext: ChatContext): void {
  const { newRequestId, stampCaller, gateway } = chatContext
  const { config, dispatcher } = gateway.deps
  const { imgproxyUrl, dashboardUrl } = config
  const pass = async (context: EdgeContext, policy: ForwardPolicy) => {
    const requestId = assignRequestId(context, newRequestId)
    await forward({ ...context.env, dispatcher, requestId, ...policy })
    return RESPONSE_ALREADY_SENT
  }
  if (imgproxyUrl !== undefined) {
    // A signed link needs no credentials, but some clients send their API key with it.
    const withhold = ['authorization', 'x-api-key', 'cookie', CALLER_HEADER]
    const origin = originOf(imgproxyUrl)
    app.get('/p/*', (context) => pass(context, { origin, withhold }))
  }
  app.notFound(async (context) => {
    const { path, method } = context.req
    const { incoming, outgoing } = context.env
    if (dashboardUrl !== undefined && !isApiCall({ method, path, headers: incoming.headers })) {
      const body = await chatContext.readForm({ incoming, outgoing, path })
      const setHeaders = { [CALLER_HEADER]: stampCaller(incoming) }
      return pass(context, { origin: originOf(dashboardUrl), setHeaders, body })
    }
    assignRequestId(context, newRequestId)
    return answerUnknown(app, context, baseUrlFor(config, incoming))
  })
}

/** 404, or 405 with the allowed methods of the path; 204 for OPTIONS. */
function answerUnknown(app: EdgeApp, context: EdgeContext, baseUrl: string): Response {
  const { path, method } = context.req
  const methods = methodsOf(app, path)
  const isOptions = method === 'OPTIONS' && methods.length > 0 && !isControlPath(path)
  const response = isOptions
    ? new Response(null, { status: 204 })
    : errorResponse(refusalOf(app, context, { methods, baseUrl }), context)
  if (methods.length > 0) response.headers.set('allow', methods.join(', '))
  // The path may exist in a later version.
  response.headers.set('cache-control', 'no-store')
  return response
}

function refusalOf(
  app: EdgeApp,
  { req }: EdgeContext,
  { methods, baseUrl }: { methods: readonly string[]; baseUrl: string },
): AppError {
  const route = `${req.method} ${req.path.slice(0, 200)}`
  if (methods.length > 0)
    return new AppError('method_not_allowed', `Not a method of this route: ${route}`)
  const meant = likelyPaths(req.path.slice(0, 1_000)).find((likely) => isRoute(app, likely))
  if (meant === undefined)
    return new AppError('not_found', `Unknown URL: ${route}. The API is under ${baseUrl}/v1.`)
  const [first] = methodsOf(app, meant)
  const hint = methodsOf(app, meant).includes(req.method) ? req.method : first
  return new AppError(
    'not_found',
    `Unknown URL: ${route}. Did you mean ${hint} ${baseUrl}${meant}?`,
  )
}

const isRoute = (app: EdgeApp, path: string) => methodsOf(app, path).length > 0

/** The methods of this path; empty for an unknown path. */
function methodsOf(app: EdgeApp, path: string): string[] {
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
  return methods.filter((method) => app.router.match(method, path)[0].length > 0)
}

/** Assigns the request id, once, and sets it as a response header. */
export function assignRequestId(
  { env }: Pick<EdgeContext, 'env'>,
  newRequestId: () => string,
): string {
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
