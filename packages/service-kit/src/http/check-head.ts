import type { IncomingMessage } from 'node:http'

/** The response to a request that is answered before the app handles it. */
export interface HeadRefusal {
  status: 204 | 400 | 405
  message: string
}

const ALLOWED = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

export const allowOf = ({ status }: HeadRefusal): Record<string, string> =>
  status === 400 ? {} : { allow: ALLOWED }

/**
 * Checks the head of a request that Node has parsed. It refuses versions other than 1.0 and 1.1 (the parser
 * accepts 0.9 and 2.0), TRACE and CONNECT (RFC 9110 §9.3.6, §9.3.8: for proxies; TRACE echoes secrets), and
 * none or several `Host` headers (RFC 9112 §3.2): Node uses the first, other servers the last. `OPTIONS *`
 * is answered with 204. Undefined for every other request.
 */
export function checkHead({
  httpVersionMajor,
  httpVersionMinor,
  method,
  url,
  rawHeaders,
}: IncomingMessage): HeadRefusal | undefined {
  if (httpVersionMajor !== 1) return { status: 400, message: 'This server supports HTTP/1.1.' }
  if (method === 'TRACE' || method === 'CONNECT') return methodRefused(method)
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length !== 4 || name.toLowerCase() !== 'host') continue
    hosts += 1
    if (rawHeaders[at + 1] === '') return { status: 400, message: 'The Host header is empty.' }
  }
  if (hosts > 1) return { status: 400, message: 'The request has more than one Host header.' }
  if (hosts === 0 && httpVersionMinor === 1)
    return { status: 400, message: 'The request has no Host header.' }
  if (url === '*' && method === 'OPTIONS') return { status: 204, message: '' }
  return undefined
}

export const methodRefused = (method: string): HeadRefusal => ({
  status: 405,
  message: `${method} is not supported by this server.`,
})
