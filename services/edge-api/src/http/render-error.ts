import type { ServerResponse } from 'node:http'

import { errorCodes } from '@sluice/kernel/error-codes'
import { renderError } from '@sluice/protocol/error-envelope'

import type { EdgeContext } from './request.ts'
import type { StoredAnswer } from '../store/answer-store.ts'
import { drainRequest } from './drain-request.ts'

/** Converts anything thrown by a route into an OpenAI-compatible error response. */
export function errorResponse(
  error: unknown,
  { env: { outgoing } }: Pick<EdgeContext, 'env'>,
): Response {
  const { status, headers, envelope } = renderError(error)
  const body = Buffer.from(JSON.stringify(envelope))
  if (!isUnread(outgoing)) return new Response(body, { status, headers })
  const length = { 'content-length': String(body.length), connection: 'close' }
  const stream = shouldDrain(status) ? drainingStream(body, outgoing) : body
  return new Response(stream, { status, headers: { ...headers, ...length } })
}

/** The same for routes that write to Node's response. No-op once the response has started. */
export function writeError(outgoing: ServerResponse, error: unknown, requestId: string): number {
  const { status, headers, envelope } = renderError(error)
  if (outgoing.headersSent || outgoing.destroyed) return status
  const body = Buffer.from(JSON.stringify(envelope))
  const isCut = isUnread(outgoing)
  outgoing.writeHead(status, {
    ...headers,
    'content-length': body.length,
    'x-request-id': requestId,
    ...(isCut ? { connection: 'close' } : {}),
  })
  if (isCut && shouldDrain(status)) {
    outgoing.write(body)
    void drainRequest(outgoing.req).then(() => outgoing.end())
  } else outgoing.end(body)
  return status
}

/** Replays the stored response of an Idempotency-Key, byte for byte. */
export function replayAnswer(
  outgoing: ServerResponse,
  { status, contentType, body, requestId }: StoredAnswer,
): void {
  outgoing.writeHead(status, {
    'content-type': contentType,
    'content-length': body?.length ?? 0,
    'x-request-id': requestId,
    'idempotent-replayed': 'true',
  })
  outgoing.end(body ?? undefined)
}

// The connection is closed after an unread body: draining it for keep-alive might never end.
function isUnread({ req }: ServerResponse): boolean {
  return !req.complete && req.method !== 'GET' && req.method !== 'HEAD'
}

/** A request whose body arrived too slowly is not drained. */
const shouldDrain = (status: number): boolean => status !== errorCodes.request_timeout.status

/**
 * Sends the whole body at once, and ends the stream, which closes the connection, after draining the request.
 */
function drainingStream(body: Uint8Array, { req }: ServerResponse): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: async (stream) => {
      stream.enqueue(body)
      await drainRequest(req)
      stream.close()
    },
  })
}
