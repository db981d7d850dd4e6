import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'

import { APIKEY } from './fixture.ts'

export interface RawSocket {
  socket: Socket
  /** Everything received so far, as text. */
  received(): string
  bytes(): number
  /** Resolves when the server has closed or reset the connection. */
  closed: Promise<void>
}

/** A TCP client that sends exactly the bytes a test writes. */
export async function rawSocket(port: number): Promise<RawSocket> {
  const socket = connect({ port, host: '127.0.0.1' })
  const chunks: Buffer[] = []
  let bytes = 0
  socket.on('data', (chunk) => {
    bytes += chunk.length
    chunks.push(chunk)
  })
  // Some tests expect a reset connection.
  socket.on('error', () => undefined)
  const closed = once(socket, 'close').then(() => undefined)
  await once(socket, 'connect')
  return { socket, received: () => Buffer.concat(chunks).toString(), bytes: () => bytes, closed }
}

/** The head of a request to the chat route. */
export function chatHead(headers: Record<string, string>): string {
  const all = {
    host: 'localhost',
    authorization: `Bearer ${APIKEY}`,
    'content-type': 'application/json',
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST /v1/chat/completions HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** A complete chat request as bytes on the wire. */
export function chatRequest(body: object): string {
  const text = JSON.stringify(body)
  return chatHead({ 'content-length': String(Buffer.byteLength(text)) }) + text
}
