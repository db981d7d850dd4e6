import type { ServerResponse } from 'node:http'

import { errorCodes } from '@sluice/kernel/error-codes'
import { renderError } from '@sluice/protocol/error-envelope'

import type { EdgeContext } from '../request.ts'
import type { StoredAnswer } from '../store/answer-store.ts'
import { drainRequest } from './drain-request.ts'

/** Anything thrown by a route, as a response in the OpenAI dialect; the one place that builds one. */
export function errorResponse(
  error: unknown,
  { env: { outgoing } }: Pick<EdgeContext, 'env'>,
): Response {
  const { status, headers, envelope } = renderError(error)
  const body = Buffer.from(JSON.stringify(envelope))
  if (!isUnread(outgoing)) return new Response(body, { status, headers })
  const length = { 'content-length': String(body.length), connection: 'close' }
  const stream = isWorthWaiting(status) ? lingering(body, outgoing) : body
  return new Response(stream, { status, headers: { ...headers, ...length } })
}

/** The same for routes that write to the socket themselves. No-op once the answer has begun. */
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
  if (isCut && isWorthWaiting(status)) {
    outgoing.write(body)
    void drainRequest(outgoing.req).then(() => outgoing.end())
  } else outgoing.end(body)
  return status
}

/** An answer that was given before, byte by byte, to who asks again under the same Idempotency-Key. */
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

// A body that nobody will read must not be drained to keep the connection: it may never end.
function isUnread({ req }: ServerResponse): boolean {
  return !req.complete && req.method !== 'GET' && req.method !== 'HEAD'
}

/** Whoever was too slow with their body is not waited for any longer. */
const isWorthWaiting = (status: number): boolean => status !== errorCodes.request_timeout.status

/** The whole answer at once; its end, with which the connection closes, after the request has come. */
function lingering(body: Uint8Array, { req }: ServerResponse): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: async (stream) => {
      stream.enqueue(body)
      await drainRequest(req)
      stream.close()
    },
  })
}
