import type { ServerResponse } from 'node:http'

import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { errorCodes } from '@sluice/kernel/error-codes'
import type { Log } from '@sluice/kernel/log'
import type { Context, ErrorHandler, MiddlewareHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'

export const REQUEST_ID_HEADER = 'x-request-id'

/** Variables that the middleware sets in the context. */
export interface RequestVariables {
  requestId: string
}

export interface RequestEnv {
  Variables: RequestVariables
}

/**
 * Assigns a request id and sends it in the response. The header is set on Node's own response before
 * anything else runs, so that errors and bodies that bypass web streams also have it.
 */
export function assignRequestId(newRequestId: () => string): MiddlewareHandler<RequestEnv> {
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
 * Logs one line per request when its response has been sent or the caller has disconnected. The path is
 * logged without the query, which may contain signatures.
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

/** Renders an error in the format of one listener. */
export type RenderError = (error: AppError, c: Context<RequestEnv>) => Response

/**
 * The error handler of a listener: AppErrors are rendered; anything else is logged once and rendered as
 * `internal_error` without its message.
 */
export function createErrorHandler({
  log,
  render = renderJsonError,
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

/** Answers unknown routes with 404 in the format of the listener. */
export function createNotFoundHandler({
  render = renderJsonError,
}: { render?: RenderError } = {}): NotFoundHandler<RequestEnv> {
  return (c) => render(new AppError('not_found', `No route ${c.req.method} ${c.req.path}.`), c)
}

/** The default error format, for listeners that are not OpenAI-compatible. */
export const renderJsonError: RenderError = (error, c) => {
  const { code, message, param, retryAfterMs, details } = error
  const headers: Record<string, string> =
    retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
  const id = { requestId: c.get('requestId') }
  const body = { error: { code, message, param: param ?? null, ...details, ...id } }
  return new Response(JSON.stringify(body), {
    status: errorCodes[code].status,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

/** Converts anything thrown to an AppError; an unexpected error becomes the cause, without its message. */
export function toAppError(thrown: unknown): AppError {
  // The message of an internal error is for the log only.
  if (isAppError(thrown) && thrown.code !== 'internal_error') return thrown
  if (thrown instanceof HTTPException && thrown.status < 500) {
    const code = thrown.status === 413 ? 'body_too_large' : 'invalid_value'
    return new AppError(code, thrown.message, { cause: thrown })
  }
  return new AppError('internal_error', 'The request failed because of an internal error.', {
    cause: thrown,
  })
}

/** Node's response when `serveHttp` serves the app; undefined when a test calls the app directly. */
export function outgoingOf(c: Context): ServerResponse | undefined {
  const env: unknown = c.env
  if (typeof env !== 'object' || env === null || !('outgoing' in env)) return undefined
  return env.outgoing as ServerResponse
}
