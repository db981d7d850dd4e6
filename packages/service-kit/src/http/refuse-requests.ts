import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import { RequestError } from '@hono/node-server'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { AllowedOrigins } from './cors.ts'
import { corsHeaders } from './cors.ts'
import type { HeadRefusal } from './check-head.ts'
import { allowOf, methodRefused } from './check-head.ts'
import { REQUEST_ID_HEADER } from './middleware.ts'

interface Deps {
  log: Log
  newRequestId: () => string
  clock: Clock
  /** Origins whose pages may read these responses; undefined: none. */
  allowedOrigins: AllowedOrigins | undefined
}

/** The time a refused client has to read the response before the connection is destroyed. */
const READ_WITHIN_MS = 1_000
const HEAD_BYTES_MAX = 64 * 1024

/** Responses to requests that are refused before the app handles them, or that the app failed to answer. */
export function createRefusals({ log, newRequestId, clock, allowedOrigins }: Deps) {
  const headers = (origin?: string): Record<string, string> => ({
    'content-type': 'application/json',
    [REQUEST_ID_HEADER]: newRequestId(),
    ...(allowedOrigins && corsHeaders(allowedOrigins, origin)),
  })
  // `end` closes only one direction: a client that neither reads nor closes would keep the connection open.
  const endSoon = (socket: Duplex, answer: string) => {
    socket.once(
      'close',
      clock.after(READ_WITHIN_MS, () => socket.destroy()),
    )
    socket.end(answer)
  }
  return {
    /** For a target or host that is not a URL, and for an app that threw something other than an Error. */
    failed: (error: unknown): Response => {
      if (error instanceof RequestError) {
        return new Response(refusal(400, error.message), { status: 400, headers: headers() })
      }
      log.error({ err: error }, 'the error handler of the app did not handle an error')
      const body = refusal(500, 'The request failed because of an internal error.')
      // Without a request id: the app has already set one.
      return new Response(body, { status: 500, headers: { 'content-type': 'application/json' } })
    },
    tooManyHeaders: (incoming: IncomingMessage, outgoing: ServerResponse): void => {
      outgoing.writeHead(431, { ...headers(incoming.headers.origin), connection: 'close' })
      outgoing.end(refusal(431, 'The request has too many headers.'))
      incoming.resume()
    },
    head: (refused: HeadRefusal, incoming: IncomingMessage, outgoing: ServerResponse): void => {
      const { status, message } = refused
      outgoing.writeHead(status, {
        ...headers(incoming.headers.origin),
        ...allowOf(refused),
        connection: 'close',
      })
      outgoing.end(status === 204 ? undefined : refusal(status, message))
      incoming.resume()
    },
    connect: (socket: Duplex): void => {
      const refused = methodRefused('CONNECT')
      const body = refusal(refused.status, refused.message)
      // A disconnected client gets no response.
      socket.on('error', () => socket.destroy())
      endSoon(socket, rawAnswer(refused.status, { ...headers(), ...allowOf(refused) }, body))
    },
    malformed: (error: ParserError, socket: Socket): void => {
      // A response may already be in progress on this connection, and a second one would corrupt it.
      if (!socket.writable || socket.bytesWritten > 0 || error.code === 'ECONNRESET') {
        socket.destroy()
        return
      }
      const { status, message } = reasons[error.code ?? ''] ?? notHttp
      const origin = originIn(error.rawPacket)
      endSoon(socket, rawAnswer(status, headers(origin), refusal(status, message)))
    },
  }
}

/** An error of Node's parser; `rawPacket` is the data it was parsing. */
type ParserError = Error & { code?: string; rawPacket?: Buffer }

/** The origin header of an unparsed head, when it is in the packet that could not be parsed. */
function originIn(rawPacket: Buffer | undefined): string | undefined {
  const head = rawPacket?.toString('latin1', 0, HEAD_BYTES_MAX) ?? ''
  return /\r?\norigin:[ \t]*([\x21-\x7e]{1,300})[ \t]*\r?\n/i.exec(head)?.[1]
}

interface Reason {
  status: number
  message: string
}

const notHttp: Reason = { status: 400, message: 'This is not HTTP.' }

const reasons: Readonly<Record<string, Reason>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers of the request are too large.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request was not sent in time.' },
}

/** A raw response for a socket without a ServerResponse. */
function rawAnswer(status: number, headers: Record<string, string>, body: string): string {
  const lines = Object.entries({
    ...headers,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`
}

// OpenAI's error format, which most clients expect.
function refusal(status: number, message: string): string {
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  return JSON.stringify({ error: { message, type, param: null, code: null } })
}
