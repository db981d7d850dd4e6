import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'

import type { Running } from '../harness/running.ts'

export interface Visit {
  status: number
  headers: IncomingHttpHeaders
  /** As it reads, and how many bytes of it travelled. */
  text: string
  bytesOnWire: number
}

export interface CallInput {
  method?: string
  headers?: Record<string, string>
  body?: string
  /** The loopback address that the request comes from: all of 127.0.0.0/8 is ours. */
  from?: string
}

/** Asks the front door as a browser would, over a connection of its own. Redirects are answers. */
export async function visit(
  { baseUrl }: Pick<Running, 'baseUrl'>,
  path: string,
  { method = 'GET', headers = {}, body, from = '127.0.0.1' }: CallInput = {},
): Promise<Visit> {
  const asking = request(new URL(path, baseUrl), {
    method,
    headers: { accept: 'text/html', 'accept-encoding': 'br, gzip', ...headers },
    localAddress: from,
    agent: false,
  })
  const answering = once(asking, 'response')
  asking.end(body)
  const [answer] = await answering
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text: plain(bytes, answer.headers['content-encoding']).toString(),
    bytesOnWire: bytes.byteLength,
  }
}

function plain(bytes: Buffer, encoding: string | undefined): Buffer {
  if (bytes.byteLength === 0) return bytes
  if (encoding === 'br') return brotliDecompressSync(bytes)
  return encoding === 'gzip' ? gunzipSync(bytes) : bytes
}

/** Sends the login form, from a page of ours unless another origin is named. */
export function sendLogin(
  running: Pick<Running, 'baseUrl'>,
  who: { email: string; password: string },
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
    body: new URLSearchParams(who).toString(),
  })
}

/** The session's cookie of a sign-in, as a browser sends it back. */
export function cookieOf({ headers }: Visit): string {
  const line = headers['set-cookie']?.find((one) => one.includes('sluice_session='))
  return line?.split(';')[0] ?? ''
}
