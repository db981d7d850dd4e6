/**
 * The raw relay: an upstream's answer goes into the caller's socket as undici reads it, without web
 * streams and without a promise per chunk (docs/adr/0007). Whole answers up to WHOLE_BYTES leave in one
 * write; streams are passed on per read. What is no success is collected and given back, so that another
 * attempt may be made: nothing of it has reached the caller.
 */
import type { IncomingHttpHeaders } from 'node:http'

import type { RawCall } from '@sluice/upstreams/upstream'
import type { Dispatcher } from 'undici'

import type { RelayEnd } from '../relay-end.ts'
import type { AnswerSink, AnswerSource } from './answer-sink.ts'
import { AnswerStopped } from './answer-sink.ts'
import type { StreamMeter } from './meter-stream.ts'
import { meterStream } from './meter-stream.ts'
import { contentTypeOf, isPlain, passedHeaders } from './response-headers.ts'

/** Answers up to this size are written with their length, in one write. */
const WHOLE_BYTES_MAX = 64 * 1024
/** As much of a refusal is read; enough for any envelope. */
const REFUSAL_BYTES_MAX = 64 * 1024
/** A stream's head must come within this time; models that think send it before they do. */
const STREAM_HEAD_MS_MAX = 120_000
/** Silence inside a stream, after which the upstream counts as dead. Models think for minutes. */
const SILENCE_MS_MAX = 300_000

export interface RelayInput {
  dispatcher: Dispatcher
  call: RawCall
  body: Buffer
  sink: AnswerSink
  /** Leave out the event that only reports usage: the caller did not ask for it. */
  hideUsage: boolean
}

/** Sends the call and relays its answer. Never rejects: every end is an answer. */
export function relayCall(input: RelayInput): Promise<RelayEnd> {
  return new Promise((resolve) => {
    const { origin, path, method, headers } = input.call
    // Of a whole answer there is nothing to wait for but its end, and the sink's deadline watches that:
    // two timers less for each call.
    const { stream } = input.sink
    const relay = new Relay(input, resolve)
    // Until the request is on its way, the relay itself can be told to stop.
    input.sink.attach(relay)
    if (relay.over) return
    try {
      input.dispatcher.dispatch(
        {
          origin,
          path,
          method,
          headers,
          body: input.body,
          headersTimeout: stream ? STREAM_HEAD_MS_MAX : 0,
          bodyTimeout: stream ? SILENCE_MS_MAX : 0,
        },
        relay,
      )
    } catch (error) {
      relay.onResponseError(undefined, asError(error))
    }
  })
}

/** How the answer is passed on, once its head was seen. */
type Mode = 'collect' | 'whole' | 'pass'

class Relay implements Dispatcher.DispatchHandler, AnswerSource {
  private readonly sink: AnswerSink
  private readonly hideUsage: boolean
  private readonly resolve: (end: RelayEnd) => void
  private mode: Mode = 'collect'
  private headersSeen = false
  over = false
  private status = 0
  private headers: IncomingHttpHeaders = {}
  private chunks: Buffer[] = []
  private bytes = 0
  private meter: StreamMeter | undefined

  constructor({ sink, hideUsage }: RelayInput, resolve: (end: RelayEnd) => void) {
    this.sink = sink
    this.hideUsage = hideUsage
    this.resolve = resolve
  }

  pause(): void {}
  resume(): void {}

  abort(reason: Error): void {
    this.onResponseError(undefined, reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.over) controller.abort(new Error('nobody waits for this any more'))
    else this.sink.attach(controller)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return
    this.headersSeen = true
    this.status = status
    this.headers = headers
    if (status > 203 || !isPlain(headers)) return
    const isStream = contentTypeOf(headers).startsWith('text/event-stream')
    const isJson = contentTypeOf(headers).includes('json')
    if (this.sink.stream ? !isStream : !isJson) return
    this.mode = this.sink.stream ? 'pass' : 'whole'
    this.meter = meterStream({ stream: this.sink.stream, hideUsage: this.hideUsage })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.over) return
    if (this.mode === 'pass') return this.pass(chunk)
    this.chunks.push(chunk)
    this.bytes += chunk.length
    if (this.mode === 'whole') {
      this.meter?.push(chunk)
      if (this.bytes > WHOLE_BYTES_MAX) this.passCollected()
    } else if (this.bytes >= REFUSAL_BYTES_MAX) {
      this.finish(this.answered())
      controller.abort(new Error('the rest of a refusal is not read'))
    }
  }

  onResponseEnd(): void {
    if (this.over) return
    if (this.mode === 'collect') return this.finish(this.answered())
    if (this.mode === 'whole') return this.endWhole()
    const { meter, sink } = this
    if (!meter) return
    const rest = meter.flush()
    if (rest) sink.write(rest)
    if (sink.stream && !meter.endedProperly()) return this.finish({ kind: 'unfinished', meter })
    sink.end()
    this.finish({ kind: 'delivered', meter })
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.over) return
    const { headersSeen } = this
    const meter = this.sink.carried ? this.meter : undefined
    const by = error instanceof AnswerStopped ? error.end : this.sink.stopped
    if (by) return this.finish({ kind: 'stopped', by, meter })
    this.finish({ kind: 'lost', error, headersSeen, meter })
  }

  private pass(chunk: Buffer): void {
    const { meter, sink } = this
    const bytes = meter?.push(chunk)
    if (!bytes) return
    // An error in place of the first event: nothing was passed on, so another attempt may be made.
    if (!sink.carried && isErrorEvent(bytes)) {
      this.mode = 'collect'
      this.chunks.push(bytes)
      return
    }
    if (!sink.begun) {
      sink.begin(this.status, contentTypeOf(this.headers), passedHeaders(this.headers))
    }
    sink.write(bytes)
  }

  /** Too large to wait for its end: what was collected goes first, the rest as it comes. */
  private passCollected(): void {
    const { sink, headers } = this
    const length = headers['content-length']
    const sized = length === undefined ? [] : ['content-length', length]
    sink.begin(this.status, contentTypeOf(headers), [...passedHeaders(headers), ...sized])
    for (const chunk of this.chunks) sink.write(chunk)
    this.chunks = []
    this.mode = 'pass'
  }

  private endWhole(): void {
    const { chunks, sink, meter, headers } = this
    const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
    if (!body || !meter || !looksWhole(body)) return this.finish(this.answered())
    const sized = ['content-length', String(body.length)]
    sink.begin(this.status, contentTypeOf(headers), [...passedHeaders(headers), ...sized])
    sink.end(body)
    this.finish({ kind: 'delivered', meter })
  }

  private answered(): RelayEnd {
    const { status, headers } = this
    return { kind: 'answered', status, headers, body: Buffer.concat(this.chunks) }
  }

  private finish(end: RelayEnd): void {
    this.over = true
    this.sink.attach(undefined)
    this.resolve(end)
  }
}

/** A JSON object from its first byte to its last, as far as that can be seen without parsing it. */
function looksWhole(body: Buffer): boolean {
  let start = 0
  let end = body.length - 1
  while ((body[start] ?? 0x7b) <= 0x20) start += 1
  while (end > start && (body[end] ?? 0) <= 0x20) end -= 1
  return body[start] === 0x7b && body[end] === 0x7d && end > start
}

const ERROR_EVENTS = [/^data: ?\{\s*"error"/, /^event: ?error\b/]

function isErrorEvent(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 40)
  return ERROR_EVENTS.some((pattern) => pattern.test(start))
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
