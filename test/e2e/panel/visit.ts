import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'

import type { Running } from '../harness/running.ts'

export interface Visit {
  status: number
  headers: IncomingHttpHeaders
  /** The decompressed body. */
  text: string
  transferredBytes: number
}

export interface CallInput {
  method?: string
  headers?: Record<string, string>
  body?: string
  /** The local address of the connection; all of 127.0.0.0/8 is loopback. */
  from?: string
}

/** Sends a request as a browser does, over a new connection. Redirects are not followed. */
export async function visit(
  { baseUrl }: Pick<Running, 'baseUrl'>,
  path: string,
  { method = 'GET', headers = {}, body, from = '127.0.0.1' }: CallInput = {},
): Promise<Visit> {
  const outgoing = request(new URL(path, baseUrl), {
    method,
    headers: { accept: 'text/html', 'accept-encoding': 'br, gzip', ...headers },
    localAddress: from,
    agent: false,
  })
  const response = once(outgoing, 'response')
  outgoing.end(body)
  const [answer] = await response
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text: decompress(bytes, answer.headers['content-encoding']).toString(),
    transferredBytes: bytes.byteLength,
  }
}

function decompress(bytes: Buffer, encoding: string | undefined): Buffer {
  if (bytes.byteLength === 0) return bytes
  if (encoding === 'br') return brotliDecompressSync(bytes)
  return encoding === 'gzip' ? gunzipSync(bytes) : bytes
}

/** Sends the login form with our own origin, unless another is given. */
export function sendLogin(
  running: Pick<Running, 'baseUrl'>,
  credentials: { email: string; password: string },
  { headers = {}, ...input }: Pick<CallInput, 'headers' | 'from'> = {},
): Promise<Visit> {
  return visit(running, '/login', {
    ...input,
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      origin: new URL(running.baseUrl).origin,
      ...headers,
    },
    body: new URLSearchParams(credentials).toString(),
  })
}

/** The session cookie of a sign-in, as a browser sends it. */
export function cookieOf({ headers }: Visit): string {
  const line = headers['set-cookie']?.find((one) => one.includes('sluice_session='))
  return line?.split(';')[0] ?? ''
}
