import type { ServerResponse } from 'node:http'

import type { RenderedError } from '@sluice/protocol/error-envelope'
import { renderError } from '@sluice/protocol/error-envelope'

import type { EdgeContext } from '../request.ts'

/** Anything thrown by a route, as a response in the OpenAI dialect; the one place that builds one. */
export function errorResponse(error: unknown, context: EdgeContext): Response {
  const { status, headers, envelope } = renderError(error)
  const { incoming } = context.env
  // A body that nobody will read must not be drained to keep the connection: it may never end.
  const unread = !incoming.complete && incoming.method !== 'GET' && incoming.method !== 'HEAD'
  return new Response(JSON.stringify(envelope), {
    status,
    headers: { ...headers, ...(unread ? { connection: 'close' } : {}) },
  })
}

/** The same for routes that write to the socket themselves. No-op once the answer has begun. */
export function writeError(outgoing: ServerResponse, error: unknown, requestId: string): number {
  const rendered = renderError(error)
  if (!outgoing.headersSent && !outgoing.destroyed) writeRendered(outgoing, rendered, requestId)
  return rendered.status
}

function writeRendered(outgoing: ServerResponse, rendered: RenderedError, requestId: string): void {
  const body = Buffer.from(JSON.stringify(rendered.envelope))
  const unread = !outgoing.req.complete
  outgoing.writeHead(rendered.status, {
    ...rendered.headers,
    'content-length': body.length,
    'x-request-id': requestId,
    ...(unread ? { connection: 'close' } : {}),
  })
  outgoing.end(body)
}
