import type { IncomingMessage } from 'node:http'

/** Why a request is answered before the app gets it. */
export interface HeadRefusal {
  status: 204 | 400 | 405
  message: string
}

const ALLOWED = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

export const allowOf = ({ status }: HeadRefusal): Record<string, string> =>
  status === 400 ? {} : { allow: ALLOWED }

/**
 * Judges the head of a request that Node has parsed. Refused are other versions than 1.0 and 1.1 (the parser
 * knows 0.9 and 2.0), TRACE and CONNECT (RFC 9110 §9.3.6, §9.3.8: a proxy's, and an echo of secrets), and any
 * number of `Host` but one (RFC 9112 §3.2): Node keeps the first, others the last. `OPTIONS *` asks about the
 * server, not about a path. Undefined for every other request.
 */
export function judgeHead({
  httpVersionMajor,
  httpVersionMinor,
  method,
  url,
  rawHeaders,
}: IncomingMessage): HeadRefusal | undefined {
  if (httpVersionMajor !== 1) return { status: 400, message: 'This server speaks HTTP/1.1.' }
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
  message: `${method} is not a method of this server.`,
})
