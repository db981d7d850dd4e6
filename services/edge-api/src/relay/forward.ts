import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'

import type { Dispatcher } from 'undici'

/** A service that hangs is away; none of ours thinks for so long before it answers. */
const ANSWER_WITHIN_MS = 10_000
const SILENCE_MS_MAX = 60_000

// RFC 9110 §7.6.1: what is said between two neighbours is not passed on.
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

export interface ForwardInput {
  dispatcher: Dispatcher
  /** Of the service behind us, without a path. */
  origin: string
  incoming: IncomingMessage
  outgoing: ServerResponse
  requestId: string
  /** Request headers that stay here, in lower case: what is meant for us only. */
  withhold?: readonly string[]
  /** What we say ourselves, by names in lower case; the caller's own word of it stays here. */
  say?: Readonly<Record<string, string>>
  /** The body, where it was read already. */
  body?: Buffer | undefined
}

/**
 * Passes a request to a service of ours behind this door, and its answer back, byte by byte, with
 * backpressure both ways. Rejects with `unavailable` as long as nothing was answered; after that the
 * connection is cut.
 */
export function forward(input: ForwardInput): Promise<void> {
  const { dispatcher, origin, incoming, outgoing } = input
  const { method = 'GET', url = '/' } = incoming
  if (!url.startsWith('/')) return Promise.reject(new AppError('not_found', 'Not a path of ours.'))
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = input.body ?? incoming
  return new Promise((resolve, reject) => {
    const relay = new Forward(outgoing, input.requestId, { resolve, reject })
    dispatcher.dispatch(
      {
        origin,
        path: url,
        method,
        headers: forwardedHeaders(input),
        body: hasBody ? body : null,
        // A service may close a connection some time after it answered without reading a body; another
        // request must not be on it by then.
        reset: hasBody,
        headersTimeout: ANSWER_WITHIN_MS,
        bodyTimeout: SILENCE_MS_MAX,
      },
      relay,
    )
  })
}

function forwardedHeaders(input: ForwardInput): string[] {
  const { incoming, requestId, withhold = [], say = {} } = input
  const { rawHeaders, socket, headers } = incoming
  const list: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    const lower = name.toLowerCase()
    const isOurs = ours.has(lower) || Object.hasOwn(say, lower)
    // A body that was read may be another than was announced; the client counts it.
    if (lower === 'content-length' && input.body) continue
    const stays = hopByHop.has(lower) || withhold.includes(lower) || isOurs
    if (!stays) list.push(name, rawHeaders[at + 1] ?? '')
  }
  const before = headers['x-forwarded-for']
  const seen = [...(typeof before === 'string' ? [before] : []), socket.remoteAddress ?? 'unknown']
  list.push('x-forwarded-for', seen.join(', '), 'x-request-id', requestId)
  for (const [name, value] of Object.entries(say)) list.push(name, value)
  return list
}

const ours = new Set(['x-forwarded-for', 'x-request-id'])

interface Settle {
  resolve: () => void
  reject: (error: unknown) => void
}

class Forward implements Dispatcher.DispatchHandler {
  private readonly outgoing: ServerResponse
  private readonly requestId: string
  private readonly settle: Settle
  private controller: Dispatcher.DispatchController | undefined
  private over = false

  constructor(outgoing: ServerResponse, requestId: string, settle: Settle) {
    this.outgoing = outgoing
    this.requestId = requestId
    this.settle = settle
    outgoing.once('close', () => this.hangUp())
    outgoing.on('drain', () => this.controller?.resume())
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.over) controller.abort(new Error('the caller hung up'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200 || this.over) return
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined && !hopByHop.has(name)) this.outgoing.setHeader(name, value)
    }
    this.outgoing.setHeader('x-request-id', this.requestId)
    this.outgoing.writeHead(status)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.over && !this.outgoing.write(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    if (this.over) return
    this.over = true
    this.outgoing.end()
    this.settle.resolve()
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.over) return
    this.over = true
    if (!this.outgoing.headersSent) {
      this.settle.reject(new AppError('unavailable', 'A part of this server is away.', { cause }))
      return
    }
    this.outgoing.destroy()
    this.settle.resolve()
  }

  private hangUp(): void {
    if (this.over) return
    this.over = true
    this.controller?.abort(new Error('the caller hung up'))
    this.settle.resolve()
  }
}
