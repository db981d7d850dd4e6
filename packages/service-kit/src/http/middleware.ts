import type { ServerResponse } from 'node:http'

import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { errorCodes } from '@sluice/kernel/error-codes'
import type { Log } from '@sluice/kernel/log'
import type { Context, ErrorHandler, MiddlewareHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'

export const REQUEST_ID_HEADER = 'x-request-id'

/** What the middleware leaves in the context. */
export interface RequestVariables {
  requestId: string
}

export interface RequestEnv {
  Variables: RequestVariables
}

/**
 * Names the request and says the name in its answer. The header is set on Node's own response before
 * anything else runs, so that error answers and bodies that bypass web streams carry it as well.
 */
export function nameRequest(newRequestId: () => string): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    const requestId = newRequestId()
    c.set('requestId', requestId)
    const outgoing = outgoingOf(c)
    outgoing?.setHeader(REQUEST_ID_HEADER, requestId)
    await next()
    if (!outgoing) c.header(REQUEST_ID_HEADER, requestId)
  }
}

/**
 * One line a request, written when its answer has left or the caller has gone. The path is logged
 * without the query, which may hold signatures.
 */
export function logAccess({
  log,
  clock,
}: {
  log: Log
  clock: Clock
}): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    const startedMs = clock.monotonicMs()
    const write = (status: number, cut: boolean) => {
      const ms = Math.round(clock.monotonicMs() - startedMs)
      const { method, path } = c.req
      log.info(
        { requestId: c.get('requestId'), method, path, status, ms, ...(cut && { cut }) },
        'request',
      )
    }
    const outgoing = outgoingOf(c)
    outgoing?.once('close', () => write(outgoing.statusCode, !outgoing.writableFinished))
    await next()
    if (!outgoing) write(c.res.status, false)
  }
}

/** Renders an error for the callers of one door. */
export type RenderError = (error: AppError, c: Context<RequestEnv>) => Response

/**
 * The last resort of a door: AppErrors are rendered, anything else is logged once and rendered as
 * `internal_error` without its message.
 */
export function lastResort({
  log,
  render = renderPlainly,
}: {
  log: Log
  render?: RenderError
}): ErrorHandler<RequestEnv> {
  return (thrown, c) => {
    const error = toAppError(thrown)
    if (error.code === 'internal_error') {
      log.error({ err: thrown, requestId: c.get('requestId'), path: c.req.path }, 'request failed')
    }
    return render(error, c)
  }
}

/** Answers routes that do not exist, in the door's own dialect. */
export function nothingHere({
  render = renderPlainly,
}: { render?: RenderError } = {}): NotFoundHandler<RequestEnv> {
  return (c) => render(new AppError('not_found', `No route ${c.req.method} ${c.req.path}.`), c)
}

/** The error as our own JSON, for doors that imitate nobody. */
export const renderPlainly: RenderError = (error, c) => {
  const { code, message, param, retryAfterMs, details } = error
  const headers: Record<string, string> =
    retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
  const named = { requestId: c.get('requestId') }
  const body = { error: { code, message, param: param ?? null, ...details, ...named } }
  return new Response(JSON.stringify(body), {
    status: errorCodes[code].status,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

/** Whatever was thrown as an AppError; what we did not foresee keeps its cause and loses its message. */
export function toAppError(thrown: unknown): AppError {
  // The message of a fault of ours was written for the log, by whoever wrote it.
  if (isAppError(thrown) && thrown.code !== 'internal_error') return thrown
  if (thrown instanceof HTTPException && thrown.status < 500) {
    const code = thrown.status === 413 ? 'body_too_large' : 'invalid_value'
    return new AppError(code, thrown.message, { cause: thrown })
  }
  return new AppError('internal_error', 'The request failed by a fault of ours.', { cause: thrown })
}

/** Node's response, when the app is served by `serveHttp`; undefined when a test calls the app itself. */
export function outgoingOf(c: Context): ServerResponse | undefined {
  const env: unknown = c.env
  if (typeof env !== 'object' || env === null || !('outgoing' in env)) return undefined
  return env.outgoing as ServerResponse
}
