import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'

import type { Dispatcher } from 'undici'

/** A service without response headers within this time counts as unavailable. */
const ANSWER_WITHIN_MS = 10_000
const SILENCE_MS_MAX = 60_000

// RFC 9110 §7.6.1: hop-by-hop headers are not forwarded.
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
  /** Origin of the service, without a path. */
  origin: string
  incoming: IncomingMessage
  outgoing: ServerResponse
  requestId: string
  /** Names of request headers that are not forwarded, in lower case. */
  withhold?: readonly string[]
  /** Headers to set, by lower-case name; they replace the caller's headers of these names. */
  setHeaders?: Readonly<Record<string, string>>
  /** The body, if it was read already. */
  body?: Buffer | undefined
}

/**
 * Forwards a request to an internal service, and its response back, byte for byte, with backpressure in both
 * directions. Rejects with `unavailable` before the response head; after that the connection is closed.
 */
export function forward(input: ForwardInput): Promise<void> {
  const { dispatcher, origin, incoming, outgoing } = input
  const { method = 'GET', url = '/' } = incoming
  if (!url.startsWith('/')) return Promise.reject(new AppError('not_found', 'Unknown path.'))
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
        // A service that responds without reading the body may close the connection later; the connection
        // must not be reused for another request.
        reset: hasBody,
        headersTimeout: ANSWER_WITHIN_MS,
        bodyTimeout: SILENCE_MS_MAX,
      },
      relay,
    )
  })
}

function forwardedHeaders(input: ForwardInput): string[] {
  const { incoming, requestId, withhold = [], setHeaders = {} } = input
  const { rawHeaders, socket, headers } = incoming
  const list: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    const lower = name.toLowerCase()
    const isReplaced = replaced.has(lower) || Object.hasOwn(setHeaders, lower)
    // A body that was read already may differ in length; the HTTP client sets its length.
    if (lower === 'content-length' && input.body) continue
    const isDropped = hopByHop.has(lower) || withhold.includes(lower) || isReplaced
    if (!isDropped) list.push(name, rawHeaders[at + 1] ?? '')
  }
  const before = headers['x-forwarded-for']
  const addresses = [
    ...(typeof before === 'string' ? [before] : []),
    socket.remoteAddress ?? 'unknown',
  ]
  list.push('x-forwarded-for', addresses.join(', '), 'x-request-id', requestId)
  for (const [name, value] of Object.entries(setHeaders)) list.push(name, value)
  return list
}

const replaced = new Set(['x-forwarded-for', 'x-request-id'])

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
    outgoing.once('close', () => this.onClosed())
    outgoing.on('drain', () => this.controller?.resume())
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.over) controller.abort(new Error('the caller closed the connection'))
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
      const message = 'A component of this server is unavailable.'
      this.settle.reject(new AppError('unavailable', message, { cause }))
      return
    }
    this.outgoing.destroy()
    this.settle.resolve()
  }

  private onClosed(): void {
    if (this.over) return
    this.over = true
    this.controller?.abort(new Error('the caller closed the connection'))
    this.settle.resolve()
  }
}
