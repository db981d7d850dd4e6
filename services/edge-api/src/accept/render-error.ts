import type { ServerResponse } from 'node:http'

import { renderError } from '@sluice/protocol/error-envelope'

import type { EdgeContext } from '../request.ts'
import type { StoredAnswer } from '../store/answer-store.ts'

/** Anything thrown by a route, as a response in the OpenAI dialect; the one place that builds one. */
export function errorResponse(error: unknown, { env }: EdgeContext): Response {
  const { status, headers, envelope } = renderError(error)
  return new Response(JSON.stringify(envelope), {
    status,
    headers: { ...headers, ...(isUnread(env.outgoing) ? { connection: 'close' } : {}) },
  })
}

/** The same for routes that write to the socket themselves. No-op once the answer has begun. */
export function writeError(outgoing: ServerResponse, error: unknown, requestId: string): number {
  const { status, headers, envelope } = renderError(error)
  if (outgoing.headersSent || outgoing.destroyed) return status
  const body = Buffer.from(JSON.stringify(envelope))
  outgoing.writeHead(status, {
    ...headers,
    'content-length': body.length,
    'x-request-id': requestId,
    ...(isUnread(outgoing) ? { connection: 'close' } : {}),
  })
  outgoing.end(body)
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
