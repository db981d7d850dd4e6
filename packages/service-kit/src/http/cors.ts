import type { IncomingMessage, ServerResponse } from 'node:http'

/** Chromium caches a preflight for two hours at most. */
const MAX_AGE_S = 7_200
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'
/** Used when a preflight requests no headers. `*` would not cover Authorization (Fetch standard). */
const HEADERS = 'authorization, content-type, idempotency-key, x-api-key'
/** Response headers that a page may read besides the CORS-safelisted ones. */
const EXPOSED = [
  'x-request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'idempotent-replayed',
  'x-sluice-task-id',
  'x-sluice-ignored',
  'location',
  'allow',
  'content-length',
  'content-range',
  'etag',
  'openai-processing-ms',
  'openai-version',
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-tokens',
].join(', ')
const HEADER_LIST = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/
const HEADER_LIST_CHARS_MAX = 2_000

/** Origins whose pages may read responses: any, or the listed ones. */
export type AllowedOrigins = '*' | readonly string[]

/**
 * The CORS headers that allow a page of this origin to read a response. For other origins there is
 * only `vary`.
 */
export function corsHeaders(
  allowedOrigins: AllowedOrigins,
  origin: string | undefined,
): Record<string, string> {
  // Caches must not serve the response for one origin to another.
  const vary: Record<string, string> = allowedOrigins === '*' ? {} : { vary: 'Origin' }
  const allowed = allowedOrigins === '*' ? '*' : allowedOrigins.find((one) => one === origin)
  if (allowed === undefined) return vary
  return {
    ...vary,
    'access-control-allow-origin': allowed,
    'access-control-expose-headers': EXPOSED,
  }
}

/**
 * Allows pages of other origins to read responses (Fetch standard, CORS protocol), without credentials: the
 * routes are authorized by an API key in a header. The headers are set on Node's own response before anything
 * else runs, so that errors and streams that bypass the framework also have them.
 *
 * `cors` sets them and returns the response to a preflight, or undefined for every other request.
 */
export function createCors({ allowedOrigins }: { allowedOrigins: AllowedOrigins }) {
  return function cors(incoming: IncomingMessage, outgoing: ServerResponse): Response | undefined {
    const { origin } = incoming.headers
    const headers = corsHeaders(allowedOrigins, origin)
    const isPreflight = incoming.method === 'OPTIONS'
    for (const [name, value] of Object.entries(headers))
      if (!isPreflight || name !== 'access-control-expose-headers') outgoing.setHeader(name, value)
    if (!isPreflight || origin === undefined) return undefined
    return preflight(incoming, { isAllowed: 'access-control-allow-origin' in headers })
  }
}

function preflight(incoming: IncomingMessage, { isAllowed }: { isAllowed: boolean }): Response {
  const headers = new Headers({ 'content-length': '0' })
  headers.set('vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers')
  if (isAllowed) {
    headers.set('access-control-allow-methods', METHODS)
    headers.set('access-control-allow-headers', requestedHeaders(incoming) ?? HEADERS)
    headers.set('access-control-max-age', String(MAX_AGE_S))
  }
  return new Response(null, { status: 204, headers })
}

function requestedHeaders({ headers }: IncomingMessage): string | undefined {
  const text = headers['access-control-request-headers']
  if (typeof text !== 'string' || text.length > HEADER_LIST_CHARS_MAX) return undefined
  return HEADER_LIST.test(text) ? text : undefined
}
